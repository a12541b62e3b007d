"""What keeps a work plan from being applied or explained, in words."""

from __future__ import annotations

from geo.errors import FangtuError, Text


class PlanConflict(FangtuError):
    """The campaign has changed since the preview was made; nothing was applied."""

    code = "plan_conflict"

    def __init__(self, version: int) -> None:
        super().__init__(
            Text(
                f"没有应用：试算之后，这次行动已有人改为第 {version} 版，或方案文本又改过。请重新试算后再应用。",
                f"Not applied: since the preview somebody has made version {version} of this campaign, or the text was "
                "changed. Make a preview again and look at it first.",
            ),
            version=version,
        )


class PlanNotAllowed(FangtuError):
    """The campaign of this id is another office's, or the area is not the asker's."""

    code = "plan_not_allowed"

    def __init__(self, code: str) -> None:
        super().__init__(
            Text(
                f"方案编号“{code}”不能由您使用。请换一个编号，或交负责这次行动的单位。",
                f"The plan's id '{code}' is not for you to use. Choose another id, or ask the office that runs the "
                "campaign.",
            ),
            found=code,
        )


class RuleUnknown(FangtuError):
    """The plan has no rule of that name."""

    code = "rule_unknown"
