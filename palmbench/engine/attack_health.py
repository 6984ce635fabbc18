"""Whether an attack that learns is in health: else what it does not reach is its own weakness, and no privacy.

Three controls. On photos that nothing was done to it must reach the recognizer that it starts from. Trained with palms
exchanged among photos it must be at chance, if it starts blank. On validation persons it should beat its untrained
self.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from palmbench.attacks.trained import TrainedConfig
from palmbench.engine.attack_pipeline import AttackPipeline
from palmbench.engine.attack_record import Attacked
from palmbench.methods.identity import IdentityConfig

_BY = "min_cllr"  # in which every score has a part
_LABEL = "min Cllr"


class Controls(NamedTuple):
    """The attacks that tell of another's health: its untrained self, its permuted one, and both on untouched photos."""

    untrained: AttackPipeline
    permuted: AttackPipeline
    on_originals: AttackPipeline
    untrained_on_originals: AttackPipeline


class Health(NamedTuple):
    """What the controls say.

    Attributes
    ----------
    void : bool
        Whether the attack's numbers say nothing: it does not reach its baseline, or learns what cannot be learnt.
    words : str
        The controls in a line.
    """

    void: bool
    words: str


def controls_of(attack: AttackPipeline) -> Controls | None:
    """The controls of an attack; None of one that does not learn."""
    config = attack.trial.attack
    if not isinstance(config, TrainedConfig) or config.permuted:
        return None
    plain = replace(attack.run.config, method=IdentityConfig())
    untrained = replace(attack.trial, attack=config.untrained())
    permuted = replace(attack.trial, attack=replace(config, permuted=True))
    return Controls(
        AttackPipeline.of(attack.run.config, untrained),
        AttackPipeline.of(attack.run.config, permuted),
        AttackPipeline.of(plain, attack.trial),
        AttackPipeline.of(plain, untrained),
    )


def health_of(
    attacked: Attacked,
    untrained: Attacked,
    permuted: Attacked,
    on_originals: Attacked,
    untrained_on_originals: Attacked,
) -> Health:
    """What the controls of an attack say of it; the least min Cllr is the strongest.

    Parameters
    ----------
    attacked : Attacked
    untrained, permuted, on_originals, untrained_on_originals : Attacked
        As `Controls` has them.
    """
    own, baseline = (each.numbers[_BY] for each in (on_originals, untrained_on_originals))
    reached = own.lo is not None and baseline.hi is not None and own.lo <= baseline.hi
    words = [
        f"on originals {_LABEL} {_text(own.value)}, untrained {_text(baseline.value)}{'' if reached else ' (fails)'}"
    ]
    control, chance = permuted.numbers[_BY], permuted.by_chance[_BY]
    config = attacked.attack
    learns = False
    if isinstance(config, TrainedConfig) and config.starts_blank:
        learns = control.value is not None and chance.lo is not None and control.value < chance.lo
        words.append(f"permuted {_text(control.value)}, by chance {_text(chance.value)}{' (fails)' if learns else ''}")
    else:
        words.append(f"permuted {_text(control.value)}")
    better = attacked.chosen_on[_BY] < untrained.chosen_on[_BY]
    words.append(f"{'beats' if better else 'does not beat'} its untrained self on validation persons")
    return Health(not reached or learns, "; ".join(words))


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
