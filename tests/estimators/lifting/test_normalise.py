import torch

from estimators.lifting.normalise import Normalisation, normalise, person_size


def test_image_normalisation_is_by_the_width():
    keypoints = torch.tensor([[0.0, 0.0], [1000.0, 500.0], [500.0, 250.0]]).view(1, 1, 3, 2)
    x = normalise(keypoints, torch.tensor([[1000.0, 500.0]]), Normalisation.IMAGE)
    torch.testing.assert_close(x.view(3, 2), torch.tensor([[-1.0, -0.5], [1.0, 0.5], [0.0, 0.0]]))


def test_person_normalisation_ignores_where_and_how_large_the_person_is():
    torch.manual_seed(0)
    person = torch.randn(1, 9, 17, 2)
    size = torch.tensor([[1920.0, 1080.0]])
    near = normalise(300 + 50 * person, size, Normalisation.PERSON)
    far = normalise(1200 + 10 * person, size, Normalisation.PERSON)
    assert near.shape == (1, 9, 17, Normalisation.PERSON.channels)
    torch.testing.assert_close(near[..., :2], far[..., :2], rtol=1e-3, atol=1e-4)
    assert (near[..., 2:] - far[..., 2:]).abs().amin() > 0.1  # but says so beside it


def test_size_grows_with_the_person():
    torch.manual_seed(0)
    person = torch.randn(2, 9, 17, 2)
    torch.testing.assert_close(person_size(3 * person + 7), 3 * person_size(person), rtol=1e-4, atol=1e-4)
