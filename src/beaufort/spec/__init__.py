"""What is wanted: the service file as frozen values, with every mistake reported at once.

| Module | Holds |
|---|---|
| ``service`` | the root, ``MistralService``, and the mistakes that concern several of its parts |
| ``model`` ``source`` ``traffic`` ``objectives`` ``accelerators`` | its parts |
| ``cluster`` ``provision`` ``nodes`` ``scheduling`` ``network`` ``monitoring`` | what is around it |
| ``keys`` ``cache`` ``budget`` | more of its parts |
| ``images`` ``storage`` ``scaling`` ``gateway`` | how it runs on a cluster |
| ``scalars`` ``notation`` ``part`` | what single values may be, how they may be written, what all parts share |
| ``document`` ``plain`` | YAML text as a tree with line numbers; words without quotes |
| ``mistakes`` ``problems`` | what validators find, and how people are told |
| ``fields`` ``reference`` | JSON Schema, and the reference page made from it |
| ``parsing`` | ``parse`` and ``dump`` |

Nothing here reads a file, the network or the clock. What is judged elsewhere: whether a product or model is known
(``catalog``), and whether the accelerators can keep the objectives (``plan``).
"""

from __future__ import annotations

from beaufort.spec.fields import schema
from beaufort.spec.parsing import dump, parse
from beaufort.spec.problems import SpecError
from beaufort.spec.service import MistralService

__all__ = ["MistralService", "SpecError", "dump", "parse", "schema"]
