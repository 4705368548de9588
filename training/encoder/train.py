"""Teach the encoder that ships with kenpin.

    python training/encoder/train.py --hours 2 --teacher mobilenetv2_100.safetensors \\
        --photographs FOLDER [--photographs FOLDER ...] --out DIR

Runs unattended for as many hours as given, on every core or a GPU. Stopped, it goes on where it was
when called again; called with more hours, it trains on, in the stage that the longer plan is then
in. DIR gets `log.jsonl` (one line a minute), `state.pt` to go on from, and
`student-MINUTES.safetensors`, the student as it was after 2, 4, 8 ... minutes and at the end.

In the first part of the time each block learns for itself to answer the teacher's input as the
teacher's block does (as in Li et al., "Blockwisely supervised neural architecture search with
knowledge distillation", 2020): many small problems instead of one deep one. In the rest the
whole student learns to give the teacher's features from the picture. What is kept is a running mean
of its weights.
"""

import argparse
import copy
import json
import math
import os
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from network import Encoder, layout_of, teacher
from pictures import Pictures

BATCH = 32
_FIRST = 0.25  # of the time, block by block
_RATE, _LAST_RATE = 2e-3, 1e-5
_MEAN_OVER = 0.998
_EVERY = 60.0  # seconds between lines of the log


class Training:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.out: Path = arguments.out
        self.seconds = 3600 * arguments.hours
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(0)
        self.teacher = self._placed(teacher(arguments.teacher))
        self.student = self._placed(Encoder(layout_of(arguments.teacher)))
        self.kept = copy.deepcopy(self.student).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.student.parameters(), _RATE, weight_decay=1e-4)
        self.step, self.elapsed = 0, 0.0
        resumed = self._resume()
        self.pictures = Pictures(arguments.photographs, start=self.step)
        self.validation = self.pictures.validation()
        if not resumed:
            self._scale()
        self.wanted = self._features(self.teacher, self.validation)
        self.variance = [w.float().var((0, 2, 3)).clamp_min(1e-6) for w in self.wanted]

    def run(self) -> None:
        last, logged, losses = time.monotonic(), -math.inf, []
        while self.elapsed < self.seconds:
            losses.append(self._learn())
            now = time.monotonic()
            self.elapsed, last = self.elapsed + now - last, now
            if now - logged >= _EVERY:
                self._log(sum(losses) / len(losses))
                logged, losses = now, []
                last = time.monotonic()
        self._log(sum(losses) / max(1, len(losses)))
        self._keep("end")

    def _placed(self, encoder: Encoder) -> Encoder:
        return encoder.to(self.device, memory_format=torch.channels_last)

    def _tensor(self, pictures: object) -> Tensor:
        given = torch.from_numpy(pictures).permute(0, 3, 1, 2)
        return given.to(self.device).float().contiguous(memory_format=torch.channels_last) / 255

    def _learn(self) -> float:
        share = self.elapsed / self.seconds
        alone = share < _FIRST
        part = share / _FIRST if alone else (share - _FIRST) / (1 - _FIRST)
        rate = _LAST_RATE + (_RATE - _LAST_RATE) * (1 + math.cos(math.pi * part)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = rate * min(1, (self.step + 1) / 100)
        self.student.train()
        given = self._tensor(self.pictures.batch(BATCH))
        with torch.autocast(self.device, torch.bfloat16):
            with torch.no_grad():
                entered = self.teacher.enter(given)
                wanted = self._chain(entered)
            loss = self._apart(given, entered, wanted) if alone else self._whole(given, wanted)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _scale(self) -> None:
        """Let every block begin at the mean and the deviation of what it shall answer."""
        given = self._tensor(self.pictures.batch(BATCH))
        _begin(self.student.stem[1], self.teacher.stem[:-1](2 * given - 1))
        x = self.teacher.enter(given)
        for block, example in zip(self.student.blocks, self.teacher.blocks, strict=True):
            _begin(block.layers[-1], example.layers(x))
            x = example(x)
        self.kept.load_state_dict(self.student.state_dict())

    def _chain(self, x: Tensor) -> list[Tensor]:
        outputs = []
        for block in self.teacher.blocks:
            x = block(x)
            outputs.append(x)
        return outputs

    def _apart(self, given: Tensor, entered: Tensor, wanted: list[Tensor]) -> Tensor:
        """Each block's own error, relative to what the teacher's block adds."""
        own, stem = self.student.stem[:-1], self.teacher.stem[:-1]  # before they are cut at 0 and 6
        losses = [_error(own(2 * given - 1), stem(2 * given - 1))]
        inputs = [entered, *wanted[:-1]]
        for block, inside, outside in zip(self.student.blocks, inputs, wanted, strict=True):
            target = outside - inside if block.adds else outside
            losses.append(_error(block.layers(inside), target))
        return torch.stack(losses).mean()

    def _whole(self, given: Tensor, wanted: list[Tensor]) -> Tensor:
        found = self.student(given)
        return torch.stack(
            [_error(found[tap], wanted[tap]) for tap in self.student.layout.taps]
        ).mean()

    def _average(self) -> None:
        share = min(_MEAN_OVER, (1 + self.step) / (10 + self.step))
        own = self.student.state_dict()
        for name, kept in self.kept.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(own[name], 1 - share)
            else:
                kept.copy_(own[name])

    @torch.no_grad()
    def _features(self, encoder: Encoder, pictures: object) -> list[Tensor]:
        encoder.eval()
        parts = []
        for start in range(0, len(pictures), BATCH):
            outputs = encoder(self._tensor(pictures[start : start + BATCH]))
            parts.append([outputs[tap].cpu() for tap in encoder.layout.taps])
        return [torch.cat(those) for those in zip(*parts, strict=True)]

    def _log(self, loss: float) -> None:
        found = self._features(self.kept, self.validation)
        errors = [
            float((((f - w) ** 2).mean((0, 2, 3)) / v).mean())
            for f, w, v in zip(found, self.wanted, self.variance, strict=True)
        ]
        line = {
            "minutes": round(self.elapsed / 60, 2),
            "step": self.step,
            "loss": round(loss, 4),
            "validation": round(sum(errors) / len(errors), 4),
            "by_tap": [round(e, 4) for e in errors],
        }
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        minutes = self.elapsed / 60
        power = 2 ** int(math.log2(max(minutes, 1)))
        if power > 1 and not (self.out / f"student-{power}.safetensors").exists():
            self._keep(str(power))
        self._save()

    def _keep(self, name: str) -> None:
        tensors = {k: v.contiguous() for k, v in self.kept.state_dict().items()}
        save_file(tensors, self.out / f"student-{name}.safetensors")

    def _save(self) -> None:
        state = {
            "student": self.student.state_dict(),
            "kept": self.kept.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
        }
        torch.save(state, self.out / "state.part")
        os.replace(self.out / "state.part", self.out / "state.pt")

    def _resume(self) -> bool:
        self.out.mkdir(parents=True, exist_ok=True)
        if not (self.out / "state.pt").exists():
            return False
        state = torch.load(self.out / "state.pt", self.device, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.kept.load_state_dict(state["kept"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        return True


def _begin(normalisation: nn.BatchNorm2d, wanted: Tensor) -> None:
    normalisation.weight.copy_(wanted.std((0, 2, 3)))
    normalisation.bias.copy_(wanted.mean((0, 2, 3)))


def _error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared error of each channel relative to its variance, averaged."""
    found, wanted = found.float(), wanted.float()
    variance = wanted.var((0, 2, 3))
    variance = torch.maximum(variance, 0.05 * variance.mean())  # channels that hardly ever speak
    return (((found - wanted) ** 2).mean((0, 2, 3)) / variance).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    Training(parser.parse_args()).run()


if __name__ == "__main__":
    main()
