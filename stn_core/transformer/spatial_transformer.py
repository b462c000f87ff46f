"""The spatial transformer: localisation, grid and sampler as one module (figure 2)."""

from typing import NamedTuple

from torch import Tensor, nn

from stn_core.transformer.sampler import Kernel, Padding, sample
from stn_core.transformer.transforms import Size, Transform


class Trace(NamedTuple):
    """What one spatial transformer did to a batch of images."""

    theta: Tensor  # (B, P) float32
    grid: Tensor  # (B, h, w, 2) float32, normalised (x, y) in the transformer's input
    output: Tensor  # (B, C, h, w)


class Explanation(NamedTuple):
    """What a model answered, with one ``Trace`` for each transformer; none for FCN and CNN."""

    logits: Tensor  # (B, classes) float32
    transformers: tuple[Trace, ...]


class ExplainableModel(nn.Module):
    """A classifier of images (B, C, H, W) that shows what its transformers do. It keeps nothing of
    a call, since it is shared."""

    def explain(self, images: Tensor) -> Explanation:
        """The logits for images (B, C, H, W), and a trace of each transformer."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        return self.explain(images).logits

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The family of each transformer, in the order of the explanation's traces."""
        return tuple(
            module.transform for module in self.modules() if isinstance(module, SpatialTransformer)
        )


class SpatialTransformer(nn.Module):
    """U (B, C, H, W) -> theta = f_loc(U) -> grid = T_theta(G) -> V (B, C, h, w).

    Without a localisation network of its own, as where several transformers share one, it must be
    given its theta.

    >>> similarity = TRANSFORMS["similarity"]
    >>> localisation = Localisation(torch.nn.Flatten(), 28 * 28, similarity)
    >>> transformer = SpatialTransformer(localisation, similarity, (14, 14))
    >>> trace = transformer(torch.rand(2, 1, 28, 28))
    >>> trace.theta[0].tolist(), trace.output.shape  # the identity, and the image at half size
    ([1.0, 0.0, 0.0, 0.0], torch.Size([2, 1, 14, 14]))
    """

    def __init__(
        self,
        localisation: nn.Module | None,
        transform: Transform,
        size: Size,
        kernel: Kernel = "bilinear",
        padding: Padding = "zeros",
    ) -> None:
        super().__init__()
        self.localisation = localisation
        self.transform = transform
        self.size = size
        self.kernel: Kernel = kernel
        self.padding: Padding = padding

    def forward(self, images: Tensor, theta: Tensor | None = None) -> Trace:
        """Warp images (B, C, H, W); a given theta (B, P) replaces the localisation network's.

        Raises:
            ValueError: there is neither a theta nor a localisation network.
        """
        if theta is None:
            if self.localisation is None:
                raise ValueError(
                    "this transformer has no localisation network of its own: give it a theta"
                )
            theta = self.localisation(images)
        grid = self.transform.grid(theta, self.size)
        return Trace(theta, grid, sample(images, grid, self.kernel, self.padding))
