"""The run of a pretraining: lessons until the time is over, in one folder that it can go on from.

The folder holds `pretraining.safetensors` (all that is needed to go on), events for TensorBoard
and `log.jsonl`. The weights that count are the running average.
"""

import copy
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from forecasting.errors import ConfigError
from forecasting.networks.events import Events, are_possible
from forecasting.networks.optimisation import adamw, follow
from forecasting.pretraining.generator import Generator
from forecasting.pretraining.learning import Loss, loss_of, next_lesson, pace
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.rate import Meter, bf16_rate
from forecasting.pretraining.sizes import Size, size_of
from forecasting.pretraining.validation import Validation

FILE = "pretraining.safetensors"
LOG = "log.jsonl"
FORMAT = 1  # raised when what is in the file changes its meaning
AVERAGE = 0.9995  # of the weights kept per step in their running average
CHECKPOINT_SECONDS = 120.0
REPORT_SECONDS = 15.0
VALIDATE_SECONDS = 600.0
WEIGHT_DECAY = 0.05
CLIP = 1.0  # norm of a gradient


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a pretraining is run."""

    out: Path
    size: str = "small"
    hours: float = 0.4  # in all, also those before a resume
    device: str = "cpu"
    seed: int = 0
    resume: bool = False
    validate: Path | None = None  # folder of real series
    num_threads: int = 1  # of the CPU; threads that wait for each other slow busy machines down

    def __post_init__(self) -> None:
        size_of(self.size)
        if not 0 < self.hours <= 10_000:
            raise ConfigError(f"hours={self.hours} must be above 0 and at most 10000.")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise ConfigError(
                f"device={self.device!r}: this machine has no GPU that torch can use."
            )


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far a pretraining is."""

    steps: int = 0
    series: int = 0  # that were learned from
    seconds: float = 0.0
    size: str = "small"


class Pretraining:
    """One run; `run` returns when the hours are over, or at Ctrl-C, with all of it on the disk."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.size: Size = size_of(plan.size)
        self.device = torch.device(plan.device)
        self.course = Course(size=plan.size)
        plan.out.mkdir(parents=True, exist_ok=True)
        with torch.random.fork_rng():
            torch.manual_seed(plan.seed)
            self.network = PretrainedNetwork(self.size).to(self.device)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.meter: Meter | None = None
        self.optimiser = adamw(
            self.network, learning_rate=self.size.learning_rate, weight_decay=WEIGHT_DECAY
        )
        if plan.resume:
            self._go_on()
        elif (plan.out / FILE).exists():
            raise ConfigError(f"{plan.out} holds a pretraining. Add --resume, or take another.")
        # Lessons of a resumed run are new ones: what was seen is told by the count of steps.
        self.generator = Generator(plan.seed + 1 + 7919 * self.course.steps, self.device)

    def run(self) -> Course:
        """Learn until the time is over; what was reached."""
        torch.set_num_threads(self.plan.num_threads)
        series = min(128, self.size.batch_size)
        validation = Validation(self.device, self.plan.validate, series=series)
        events = Events(self.plan.out / "events") if are_possible() else None
        began, before = time.monotonic(), self.course.seconds
        report = _Report(began, self.course)
        written = validated = began
        self.meter = self._meter()
        try:
            while (spent := before + time.monotonic() - began) < 3600 * self.plan.hours:
                series = self._step(spent / (3600 * self.plan.hours), report)
                self.course = Course(
                    steps=self.course.steps + 1,
                    series=self.course.series + series,
                    seconds=before + time.monotonic() - began,
                    size=self.plan.size,
                )
                now = time.monotonic()
                if now - report.since >= REPORT_SECONDS:
                    self._say(
                        report.told(self.course, now) | self._busy(now - report.since), events
                    )
                    report = _Report(now, self.course)
                if now - validated >= VALIDATE_SECONDS:
                    self._say(validation.measured(self.average), events)
                    validated = time.monotonic()
                if now - written >= CHECKPOINT_SECONDS:
                    self.save()
                    written = time.monotonic()
            self._say(validation.measured(self.average), events)
        except KeyboardInterrupt:
            print("stopped; --resume goes on", flush=True)
        finally:
            self.save()
            if events is not None:
                events.close()
        return self.course

    def _step(self, share: float, report: "_Report") -> int:
        """Learn from one lesson; how many series it had."""
        began = time.monotonic()
        lesson = next_lesson(self.generator, batch_size=self.size.batch_size, share=share)
        report.generating += time.monotonic() - began
        for group in self.optimiser.param_groups:
            group["lr"] = self.size.learning_rate * pace(share)
        loss = loss_of(self.network, lesson, self.generator.draws)
        report.add(loss)
        if self.meter is not None:
            self.meter.add(self.network, lesson)
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        if not torch.isfinite(norm):  # one step less, rather than weights that are lost
            report.skipped += 1
            return len(lesson.series)
        self.optimiser.step()
        follow(
            self.average,
            self.network,
            min(AVERAGE, (self.course.steps + 1) / (self.course.steps + 20)),
        )
        return len(lesson.series)

    def _busy(self, seconds: float) -> dict[str, float]:
        return {} if self.meter is None else {"share of bf16 rate": self.meter.share(seconds)}

    def _meter(self) -> Meter | None:
        """Of the card's bf16 rate; None where there is no card."""
        if self.device.type != "cuda":
            print("no GPU, so no share of its bf16 rate: series per second are told", flush=True)
            return None
        rate = bf16_rate(self.device)
        print(f"bf16 rate of the card: {rate / 1e12:.0f} TFLOP/s, measured", flush=True)
        return Meter(rate)

    def save(self) -> None:
        """Replace the file by what is known now."""
        tensors = {f"network/{name}": each for name, each in self.network.state_dict().items()}
        tensors |= {f"average/{name}": each for name, each in self.average.state_dict().items()}
        for k, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{k}/{name}": each for name, each in state.items()}
        header = {"format": str(FORMAT), "course": json.dumps(asdict(self.course))}
        fresh = self.plan.out / f".{FILE}.new"
        save_file({name: each.cpu().contiguous() for name, each in tensors.items()}, fresh, header)
        os.replace(fresh, self.plan.out / FILE)

    def _go_on(self) -> None:
        course, tensors = read_pretraining(self.plan.out / FILE)
        if course.size != self.plan.size:
            raise ConfigError(
                f"{self.plan.out} holds a pretraining of size {course.size!r}, not "
                f"{self.plan.size!r}. Give --size {course.size}."
            )
        self.network.load_state_dict(part_of(tensors, "network"))
        self.average.load_state_dict(part_of(tensors, "average"))
        state = self.optimiser.state_dict()
        kept: dict[int, dict[str, Tensor]] = {}
        for name, each in part_of(tensors, "optimiser").items():
            number, field = name.split("/")
            kept.setdefault(int(number), {})[field] = each
        self.optimiser.load_state_dict(state | {"state": kept})
        self.course = course

    def _say(self, values: dict[str, float], events: Events | None) -> None:
        """Show values, and write them to the log and for TensorBoard."""
        told = {"step": self.course.steps, "hours": round(self.course.seconds / 3600, 4)}
        line = {**told, **{name: round(value, 5) for name, value in values.items()}}
        print("  ".join(f"{name} {value:g}" for name, value in line.items()), flush=True)
        with (self.plan.out / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if events is not None:
            events.write(self.course.steps, values)


class _Report:
    """What is summed up between two reports."""

    def __init__(self, since: float, course: Course) -> None:
        self.since, self._before = since, course
        self.generating = 0.0  # seconds
        self.skipped = 0  # steps whose gradient was not finite
        self._losses: list[Loss] = []

    def add(self, loss: Loss) -> None:
        self._losses.append(loss)

    def told(self, course: Course, now: float) -> dict[str, float]:
        """Mean losses, series per second, and the share of the time that making them took."""
        count = max(1, len(self._losses))
        found = [each.found for each in self._losses if each.found]
        return {
            "train/quantiles": sum(each.quantiles for each in self._losses) / count,
            "train/mean": sum(each.mean for each in self._losses) / count,
            "train/found": sum(found) / max(1, len(found)),
            "series per second": (course.series - self._before.series) / (now - self.since),
            "generator share": self.generating / (now - self.since),
            "skipped": float(self.skipped),
        }


def read_pretraining(file: Path) -> tuple[Course, dict[str, Tensor]]:
    """How far a pretraining is, and its tensors. Raises `ConfigError` for other files."""
    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        if header["format"] != str(FORMAT):
            raise ConfigError(
                f"{file} is of format {header['format']}; this version reads {FORMAT}."
            )
        return Course(**json.loads(header["course"])), tensors
    except FileNotFoundError as error:
        raise ConfigError(f"{file} does not exist. Start without --resume.") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file} is damaged or no pretraining ({error}). Start anew.") from error


def part_of(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    """The tensors of one part, by their own names."""
    start = f"{part}/"
    found = {name: each for name, each in tensors.items() if name.startswith(start)}
    return {name.removeprefix(start): each for name, each in found.items()}
