"""What a quality manager signs: how many pictures, how repeatable, and whether it stays true."""
