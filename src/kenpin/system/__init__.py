"""What kenpin asks of the machine: files, threads, ONNX Runtime."""

from kenpin.system.environment import VERSION, cores
from kenpin.system.files import (
    check_apart,
    check_free,
    check_not_input,
    check_writable,
    keep_old,
    make_folder,
    scratch_folder,
    write_atomically,
    written_at_once,
)
from kenpin.system.onnx_graph import Graph, engine, operations_of
from kenpin.system.processes import LostProcess, is_over, processes
from kenpin.system.quiet import load_matplotlib, onnxruntime
from kenpin.system.threads import (
    in_order,
    is_worker,
    on_one_core,
    one_blas_thread,
    stay_on_one_core,
    take_share,
)
