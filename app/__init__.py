"""What people touch: from a video to a `Motion`, its pictures, exports, measures; command line and browser app."""

from typing import TYPE_CHECKING

from estimators.lazy import lazily

if TYPE_CHECKING:
    from app.console import ConsoleProgress as ConsoleProgress
    from app.models import Models as Models
    from app.motion import Motion as Motion
    from app.motion import PersonMotion as PersonMotion
    from app.options import Options as Options
    from app.outputs import Result as Result
    from app.outputs import run as run
    from app.outputs import write as write
    from app.people import People as People
    from app.pipeline import Estimate as Estimate
    from app.pipeline import estimate as estimate
    from app.progress import Progress as Progress
    from app.refining import refine_poses as refine_poses
    from app.version import __version__ as __version__
else:
    _NAMES = {
        "ConsoleProgress": "app.console",
        "Models": "app.models",
        "Motion": "app.motion",
        "PersonMotion": "app.motion",
        "Options": "app.options",
        "Result": "app.outputs",
        "run": "app.outputs",
        "write": "app.outputs",
        "People": "app.people",
        "Estimate": "app.pipeline",
        "estimate": "app.pipeline",
        "Progress": "app.progress",
        "refine_poses": "app.refining",
        "__version__": "app.version",
    }
    __all__, __getattr__, __dir__ = lazily(__name__, _NAMES)
