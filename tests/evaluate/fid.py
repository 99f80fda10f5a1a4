"""The public evaluator's Fréchet distance of given activations: `python3 tests/evaluate/fid.py`.

Prints what `inception.rs` compares with. Activations follow from names (`generated.py`); the distance is the evaluator's: means, `numpy.cov`, and the trace of `scipy.linalg.sqrtm` of the product of the
covariances, of which the imaginary part that rounding leaves is dropped. Needs `numpy` and `scipy`.
"""

import numpy as np
from generated import generate
from scipy import linalg

def activations(name, count, width, shift):
    """Not below 0, as those behind a ReLU, and some of them always 0."""
    return np.maximum(generate(name, (count, width), shift, 1.0), np.float32(0.0))


def distance(first, second):
    means = [np.mean(x, axis=0) for x in (first, second)]
    covariances = [np.cov(x, rowvar=False) for x in (first, second)]
    root = np.asarray(linalg.sqrtm(covariances[0].dot(covariances[1])))
    assert np.isfinite(root).all() and np.allclose(np.diagonal(root).imag, 0, atol=1e-3)
    shift = means[0] - means[1]
    return shift.dot(shift) + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root.real)


for count, width in [(400, 64), (48, 64), (160, 2048)]:
    real = activations("real", count, width, 0.0)
    drawn = activations("drawn", count + 30, width, -0.25)
    drawn[:, 3] = 0.0
    print(count, width, repr(float(distance(real, drawn))))
