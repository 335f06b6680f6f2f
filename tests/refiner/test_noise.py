import pytest
import torch

from refiner.noise import CONDITION, ConditionalNoise, Moments


def correlated_windows(B: int = 400, T: int = 27) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x2d, xhat, x0 whose error depends linearly on the condition, plus AR(1) noise of known correlation 0.9."""
    generator = torch.Generator().manual_seed(0)

    def randn(*shape):
        return torch.randn(*shape, generator=generator)

    x2d, xhat = randn(B, T, 17, 2), randn(B, T, 17, 3)
    xhat[:, :, 0] = 0
    noise = [randn(B, 17, 3)]
    for _ in range(T - 1):
        noise.append(0.9 * noise[-1] + (1 - 0.81) ** 0.5 * randn(B, 17, 3))
    e = 0.2 * xhat + 0.1 * x2d.mean(-1, keepdim=True) + 0.05 + 0.3 * torch.stack(noise, 1)
    e[:, :, 0] = 0
    return x2d, xhat, xhat - e


@pytest.fixture(scope="module")
def fitted():
    x2d, xhat, x0 = correlated_windows()
    moments, noise = Moments(), ConditionalNoise()
    for rows in torch.arange(len(x0)).split(100):
        moments.add(x2d[rows], xhat[rows], x0[rows])
    noise.fit(moments)
    return noise, x2d, xhat, x0


def test_the_linear_baseline_removes_what_is_linear(fitted):
    noise, x2d, xhat, x0 = fitted
    left = (xhat - noise.expected_error(x2d, xhat) - x0)[:, :, 1:]
    assert (xhat - x0)[:, :, 1:].std() > 0.36
    assert abs(left.std() - 0.3) < 0.01  # nothing but the noise
    assert left.mean().abs() < 0.01


@pytest.fixture(scope="module")
def pictured():
    """A noise that knows a picture's pose, which is off by 0.1 and missing in every third frame."""
    x2d, xhat, x0 = correlated_windows(100)
    z = x0 + 0.1 * torch.randn(x0.shape, generator=torch.Generator().manual_seed(5))
    z[:, ::3] = 0
    plain, known, noise = Moments(), Moments(pictured=True), ConditionalNoise(pictured=True)
    for moments in (plain, known):
        moments.add(x2d, xhat, x0, z)
    noise.fit(plain, known)
    return noise, x2d, xhat, x0, z


def test_what_the_picture_shows_is_known_where_it_shows_anything(pictured):
    noise, x2d, xhat, x0, z = pictured
    left = (xhat - noise.expected_error(x2d, xhat, z) - x0)[:, :, 1:]
    there = torch.arange(x0.shape[1]) % 3 > 0
    # two estimates of the same, off by 0.3 and 0.1, are together off by 1 / sqrt(1 / 0.3^2 + 1 / 0.1^2)
    assert abs(left[:, there].std() - 0.0949) < 0.005 and abs(left[:, ~there].std() - 0.3) < 0.02
    without = noise.expected_error(x2d, xhat)
    torch.testing.assert_close(noise.expected_error(x2d, xhat, 0 * z), without)
    torch.testing.assert_close(noise.expected_error(x2d, xhat, z)[:, ~there], without[:, ~there])


def test_errors_are_drawn_narrower_where_the_picture_shows_a_pose(pictured):
    noise, x2d, xhat, x0, z = pictured
    drawn = noise.sample(x2d, xhat, "white", torch.Generator().manual_seed(1), z) - noise.expected_error(x2d, xhat, z)
    there = torch.arange(x0.shape[1]) % 3 > 0
    for frames, spread in ((there, 0.0949), (~there, 0.3)):
        assert abs(drawn[:, frames][:, :, 1:].std() - spread) < 0.05 * spread + 0.005
    assert abs(noise.joint_std(pictured=True)[1:].mean() - 3**0.5 * 0.0949) < 0.01
    assert abs(noise.joint_std()[1:].mean() - 3**0.5 * 0.3) < 0.03


@pytest.mark.parametrize("law", ["white", "shared", "ar1"])
def test_drawn_errors_have_the_moments_of_real_ones(fitted, law):
    noise, x2d, xhat, x0 = fitted
    drawn = noise.sample(x2d, xhat, law, torch.Generator().manual_seed(1))
    assert (drawn[:, :, 0] == 0).all()
    real = (xhat - x0)[:, :, 1:].flatten(2).flatten(0, 1)
    fake = drawn[:, :, 1:].flatten(2).flatten(0, 1)
    scale = real.T.cov().diagonal().mean()
    limit = 0.25 if law == "shared" else 0.1  # a shared z has only one draw a window
    assert (real.T.cov() - fake.T.cov()).abs().max() < limit * scale


def test_the_law_sets_the_correlation_in_time(fitted):
    noise, x2d, xhat, _ = fitted
    still = torch.zeros_like(xhat)
    flat = torch.zeros_like(x2d)
    lag = {}
    for law in ("white", "shared", "ar1"):
        e = noise.sample(flat, still, law, torch.Generator().manual_seed(2))[:, :, 1:]
        e = e - noise.expected_error(flat, still)[:, :, 1:]
        lag[law] = float((e[:, 1:] * e[:, :-1]).mean() / e.square().mean())
    assert abs(lag["white"]) < 0.05 and lag["shared"] > 0.99
    assert abs(lag["ar1"] - float(noise.correlation)) < 0.05


def test_normalise_and_back(fitted):
    noise, _, xhat, x0 = fitted
    e = xhat - x0
    torch.testing.assert_close(noise.denormalise(noise.normalise(e)), e, rtol=1e-4, atol=1e-5)
    normal = noise.normalise(e)[:, :, 1:]
    assert abs(normal.mean()) < 0.01 and abs(normal.std() - 1) < 0.01


def test_fitting_survives_conditions_that_are_linear_in_each_other():
    x2d, xhat, x0 = correlated_windows(100)
    x2d[:, :, 7] = (x2d[:, :, 0] + x2d[:, :, 8]) / 2
    x2d[:, :, 3] = 0
    moments, noise = Moments(), ConditionalNoise()
    moments.add(x2d, xhat, x0)
    noise.fit(moments)
    assert noise.gain.shape[1] == CONDITION
    assert all(buffer.isfinite().all() for buffer in noise.buffers())
