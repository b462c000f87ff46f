"""Steps of a run on digits that stay on one GPU.

A step of these small models is a few hundred kernels of a few microseconds each: launched one by
one from Python, the GPU waits. Here the digits live on the device; what a block of steps draws
comes there in one go, drawn by a thread while the block before it trains; and one step, from the
digits to the averaged weights, is captured as a CUDA graph that is replayed for all the others.

The step reads its row of the block at a position that itself lies on the device and moves on by
one. So nothing else need be said to the graph, and a replay is a single launch.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import torch
from rich.console import Console
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel

from stn_core.data.distortions import Parameters
from stn_core.data.mnist import Digits
from stn_core.experiments.recipes import Recipe
from stn_core.training.digit_batches import distorted_batch, draw_batch

# steps taken before one is captured: the libraries choose their kernels, the optimiser makes its
# state
WARM_UP = 3
# loss (), logits (batch_size, classes), labels (batch_size,) of a step
Result = tuple[Tensor, Tensor, Tensor]


class DeviceSteps:
    """Takes the steps of one run in their order, from ``steps.start`` on. On a CPU it takes the
    same steps, without a graph.

    Args:
        digits: to train on, (N, 28, 28) uint8 and (N,).
        kind: of distortion.
        model: trained by ``optimiser``, on ``device``; ``average`` is the average of its weights.
        answer: the model's logits for images, in the precision of the run.
        loss: of logits (batch_size, 10) and labels (batch_size,).
        rates: the learning rate of each group of the optimiser's parameters at a step.
        block: for how many steps is drawn at once.
    """

    def __init__(
        self,
        *,
        digits: Digits,
        kind: str,
        recipe: Recipe,
        seed: int,
        model: nn.Module,
        average: AveragedModel,
        optimiser: torch.optim.Optimizer,
        answer: Callable[[Tensor], Tensor],
        loss: Callable[[Tensor, Tensor], Tensor],
        rates: Callable[[int], list[float]],
        steps: range,
        block: int,
        device: torch.device,
        console: Console,
    ) -> None:
        self.digits = Digits(digits.images.to(device), digits.labels.to(device))
        self.kind, self.recipe, self.seed, self.steps, self.size = kind, recipe, seed, steps, block
        self.model, self.average, self.optimiser = model, average, optimiser
        self.answer, self.loss, self.rates = answer, loss, rates
        self.device, self.console = device, console

        # of each group, at the present step
        self.rate = torch.zeros(len(optimiser.param_groups), device=device)
        for number, group in enumerate(optimiser.param_groups):
            group["lr"] = self.rate[number]
            if "capturable" in group:
                group["capturable"] = device.type != "cpu"
        self.block: Parameters = {}  # what is drawn for the steps until ``end``, (block, ...) each
        # of the present step in the block
        self.position = torch.zeros(1, dtype=torch.int64, device=device)
        self.end = steps.start
        self.thread = ThreadPoolExecutor(1)
        self.drawing: Future[Parameters]
        self._draw_ahead()

        # where a step can be captured
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.graph: Any = None
        self.result: Result
        self.taken = 0
        torch.backends.cudnn.benchmark = True  # all steps have the same shapes

    def take(self, step: int) -> Result:
        """Take step ``step``, the one after the last. What it gives holds until the next."""
        if step == self.end:
            self._begin_block()
        torch.manual_seed(self.seed * 1_000_003 + step)  # of dropout
        if self.stream and self.taken == WARM_UP:
            self._capture(self.stream)
        if self.graph:
            self.graph.replay()
        elif self.stream:
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.result = self._step()
            torch.cuda.current_stream().wait_stream(self.stream)
        else:
            self.result = self._step()
        self.taken += 1
        if self.recipe.ema_decay:
            self.average.n_averaged += 1
        return self.result

    def _draw_ahead(self) -> None:
        """Begin to draw the block after the present one; after the last there is none."""
        if self.end < self.steps.stop:
            self.drawing = self.thread.submit(self._draw, self.end)
        else:
            self.thread.shutdown(wait=False)

    def _draw(self, start: int) -> Parameters:
        """What the block of steps from ``start`` on needs, in page-locked memory if it goes to a
        GPU: (steps, ...) each."""
        steps = range(start, min(start + self.size, self.steps.stop))
        drawn = [
            draw_batch(len(self.digits.labels), self.kind, self.recipe, self.seed, step)
            for step in steps
        ]
        block = {name: torch.stack([each[name] for each in drawn]) for name in drawn[0]}
        block["rates"] = torch.tensor([self.rates(step) for step in steps])
        return (
            {name: values.pin_memory() for name, values in block.items()}
            if self.device.type == "cuda"
            else block
        )

    def _begin_block(self) -> None:
        drawn = self.drawing.result()
        for name, values in drawn.items():
            if name not in self.block:
                # stays where it is: the graph reads it
                self.block[name] = torch.empty_like(values, device=self.device)
            self.block[name][: len(values)].copy_(values, non_blocking=True)
        self.position.zero_()
        self.end += len(drawn["rates"])
        self._draw_ahead()

    def _step(self) -> Result:
        drawn = {
            name: values.index_select(0, self.position)[0] for name, values in self.block.items()
        }
        self.rate.copy_(drawn.pop("rates"))
        images, labels = distorted_batch(self.digits, self.kind, drawn)
        self.optimiser.zero_grad(set_to_none=True)
        logits = self.answer(images.contiguous(memory_format=torch.channels_last))
        loss = self.loss(logits, labels)
        loss.backward()
        if self.recipe.max_grad_norm:
            clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        self.optimiser.step()
        if self.recipe.ema_decay:
            self._update_average()
        self.position += 1
        return loss.detach(), logits.detach(), labels

    @torch.no_grad()
    def _update_average(self) -> None:
        """``AveragedModel.update_parameters`` without its counter on the CPU: ``take`` counts."""
        averaged: list[Tensor] = list(self.average.module.parameters())
        ours: list[Tensor] = list(self.model.parameters())
        if self.average.n_averaged == 0:
            torch._foreach_copy_(averaged, ours)
        else:
            self.average.multi_avg_fn(averaged, ours, self.average.n_averaged)  # type: ignore[misc]
        for kept, present in zip(self.average.module.buffers(), self.model.buffers(), strict=True):
            kept.copy_(present)

    def _capture(self, stream: torch.cuda.Stream) -> None:
        wait([self.drawing])  # no other thread uses the GPU meanwhile
        current, graph = torch.cuda.current_stream(), torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self.result = self._step()
            self.graph = graph
        except RuntimeError as error:
            torch.cuda.set_stream(current)
            reason = str(error).splitlines()[0]
            self.console.print(
                f"The steps could not be captured as a CUDA graph and are slower for it: {reason}",
                markup=False,
            )
