"""De-identification methods: each turns a photo and the hand found in it into a new photo."""

from palmbench.methods.declaration import REPAINTED, Declaration
from palmbench.methods.method import Encoding, Method, MethodConfig
from palmbench.methods.region import RegionMethod, palm_region
from palmbench.methods.registry import ENTRY_POINTS, added, find, load, method_config, named, names
from recognizers.common.strict import setting

__all__ = [
    "ENTRY_POINTS", "REPAINTED", "Declaration", "Encoding", "Method", "MethodConfig", "RegionMethod", "added", "find",
    "load", "method_config", "named", "names", "palm_region", "setting",
]  # fmt: skip
