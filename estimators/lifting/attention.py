"""Scaled dot-product attention, by the faster of two ways."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attend(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """softmax(scale q k^T) v over (..., L, D).

    The fused kernel wants wide heads: at the 6 to 16 channels of the small models it is half as fast on CPUs as the
    plain products, in bfloat16 a tenth. On a GPU it saves the (L, L) matrix. The softmax is float32's: it is more
    exact, and twice as fast as bfloat16's.
    """
    if q.is_cuda:
        return scaled_dot_product_attention(q, k, v, scale=scale)
    weights = (q * scale @ k.transpose(-1, -2)).float().softmax(dim=-1)
    return weights.to(v.dtype) @ v
