"""Video to refined 3D human motion: `import d3prefiner as d3p`.

    made = d3p.estimate("clip.mp4")                  # an Estimate; nothing is written
    person = made.motion.people[0]                   # the most prominent one; motion.person(3): by id
    person.refined, person.sigma                     # (N, 17, 3) and (N, 17) metres
    d3p.export(made.motion, ["bvh", "glb"], "out")   # out/motion.bvh, out/motion.glb
    d3p.write(made, "out")                           # all that `d3p run` writes

Poses are in camera space (x right, y down, z forward), relative to the hip.

This package only re-exports, and imports what is asked for, when it is asked for.
"""

from typing import TYPE_CHECKING

from ._house import own_packages_come_first

own_packages_come_first()

if TYPE_CHECKING:
    from app import ConsoleProgress as ConsoleProgress
    from app import Estimate as Estimate
    from app import Models as Models
    from app import Motion as Motion
    from app import Options as Options
    from app import People as People
    from app import PersonMotion as PersonMotion
    from app import Progress as Progress
    from app import Result as Result
    from app import __version__ as __version__
    from app import estimate as estimate
    from app import refine_poses as refine_poses
    from app import run as run
    from app import write as write
    from app.export import FORMATS as FORMATS
    from app.export import export as export
    from estimators import ConfigError as ConfigError
    from estimators import D3PError as D3PError
    from estimators import DataError as DataError
    from estimators import Detector as Detector
    from estimators import Lifter as Lifter
    from estimators import NobodyFoundError as NobodyFoundError
    from estimators import Observation as Observation
    from estimators import PersonError as PersonError
    from estimators import Provenance as Provenance
    from estimators import SetupError as SetupError
    from estimators import VideoError as VideoError
    from estimators import WeightsError as WeightsError
    from estimators import track_people as track_people
    from refiner import Refined as Refined
    from refiner import Refiner as Refiner
else:
    import app
    import estimators
    import refiner  # each a name and a few lines, until something is asked of it
    from estimators.lazy import lazily

    _NAMES = {
        **{name: package.__name__ for package in (app, estimators, refiner) for name in package.__all__},
        "FORMATS": "app.export",
        "export": "app.export",
    }
    __all__, __getattr__, __dir__ = lazily(__name__, _NAMES)
