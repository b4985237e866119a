"""Choices of notebooks 04 to 09."""

from __future__ import annotations

from copy import copy
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, create_model, field_validator, model_validator

from recmia.attacks.registry import ATTACKS
from recmia.data.settings import Data
from recmia.recommenders.settings import Target
from recmia.section import Count, Dropped, NotNegative, Positive, Section

AttackName = Annotated[str, AfterValidator(ATTACKS.checked)]


class AttackTraining(Section):
    """The MLP attack (notebook 04)."""

    hidden: tuple[int, ...] = (64, 32)
    epochs: int = Field(60, ge=1)
    batch_size: int = Field(256, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    folds: int = Field(2, ge=2, description="cross-fitting folds of the target-labelled attack")
    others: tuple[AttackName, ...] = Field(
        (), description="registered attacks on scores beside the study's own, from the shadow"
    )


class Baselines(Section):
    """Biased-MIA and DL-MIA (notebook 05)."""

    top_k: int = Field(100, ge=1, description="length of a recommendation list")
    item_vector_dim: int = Field(100, ge=2)
    item_vector_epochs: int = Field(30, ge=1)
    biased_epochs: int = Field(20, ge=1)
    dl_pretrain_epochs: int = Field(200, ge=1)
    dl_alternating_epochs: int = Field(100, ge=0)
    others: tuple[AttackName, ...] = Field(
        (), description="registered attacks on lists beside the study's own"
    )


class Sizes(Section):
    """Leakage against the number of training sessions (notebook 07)."""

    members: tuple[int, ...] = Field(
        ..., min_length=2, description="training sessions of each model, rising"
    )
    attacked: int = Field(
        5000, ge=20, description="members that are attacked, and as many held-out sessions, at most"
    )
    seeds: dict[int, int] = Field(
        {}, description="repetitions of single sizes; of the others as many as of everything"
    )
    epochs: dict[int, int] = Field(
        {}, description="of single sizes; of the others as many as of the profile's target"
    )
    extrapolated_to: int = Field(
        6_756_575, ge=1, description="sessions of the whole log, where the trend is read off"
    )

    @field_validator("members")
    @classmethod
    def _rising(cls, members: tuple[int, ...]) -> tuple[int, ...]:
        if list(members) != sorted(set(members)) or members[0] < 20:
            raise ValueError("members must rise, from at least 20 sessions")
        return members

    @model_validator(mode="after")
    def _of_sizes(self) -> Sizes:
        for name in ("seeds", "epochs"):
            for size, number in getattr(self, name).items():
                if size not in self.members:
                    raise ValueError(f"{name}: {size} is none of members")
                if number < 1:
                    raise ValueError(f"{name}: {size} needs at least one")
        return self


def _partial(section: type[Section]) -> type[Section]:
    """A section that may say any part of another: the same fields, none of them needed."""
    fields = {}
    for name, field in section.model_fields.items():
        fields[name] = (field.annotation, copy(field))
        fields[name][1].default = None
    return create_model(f"Partial{section.__name__}", __base__=Section, **fields)


# What a recommender has otherwise than another one; what is not said is as it is there.
PartialTarget = _partial(Target)


MATCHED = "matched"  # the shadow that is like the target; it is always there
ShadowName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Shadow(Section):
    """A shadow by what it has otherwise than the target."""

    title: Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
    members: int | None = Field(None, ge=20, description="training sessions")
    target: PartialTarget = Field(PartialTarget(), description="of the recommender's settings")
    data: Data | None = Field(None, description="another click log, cleaned by the same rules")

    @model_validator(mode="after")
    def _differs(self) -> Shadow:
        if not (self.members or self.target.model_fields_set or self.data):
            raise ValueError("say what is otherwise: members, target or data")
        return self


class Mismatch(Section):
    """Shadows that do not match the target (notebook 09); a matched one is always there."""

    members: int = Field(..., ge=20, description="training sessions, and as many held out")
    seeds: int | None = Field(None, ge=1, description="repetitions; the profile's where null")
    target: PartialTarget = Field(
        PartialTarget(), description="what target and shadows have otherwise than the profile's"
    )
    shadows: dict[ShadowName, Shadow] = Field(..., min_length=1)

    @model_validator(mode="after")
    def _told_apart(self) -> Mismatch:
        taken = {"target", "shadow", MATCHED} & self.shadows.keys()
        if taken:
            raise ValueError(f"a shadow cannot be called {', '.join(sorted(taken))}")
        titles = [MATCHED, *(shadow.title for shadow in self.shadows.values())]
        if len({*titles}) < len(titles):
            raise ValueError(f"every shadow needs a title of its own, none of them '{MATCHED}'")
        for name, shadow in self.shadows.items():
            said = shadow.target.model_fields_set or shadow.data
            if shadow.members == self.members and not said:
                raise ValueError(f"shadow {name} has nothing otherwise than the target")
        return self


VariantTitle = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 ,-]*$")]  # names files too


class Budget(Section):
    """What the tuning of one architecture may cost."""

    trials: int = Field(..., ge=1, description="settings that are tried, each once")
    epochs: int = Field(..., ge=1, description="of a trial, and of training with what was chosen")


Dimensions = Annotated[tuple[Annotated[int, Field(ge=4, multiple_of=2)], ...], Field(min_length=1)]
Counts = Annotated[tuple[Count, ...], Field(min_length=1)]
Shares = Annotated[tuple[Dropped, ...], Field(min_length=1)]


class Tuning(Section):
    """A target tuned on validation, beside simple recommenders (notebook 08)."""

    budget: dict[Literal["gpt2", "xlnet"], Budget] = Field(
        # XLNet learns from 15% of the clicks an epoch, GPT-2 from all of them.
        {"gpt2": Budget(trials=24, epochs=30), "xlnet": Budget(trials=6, epochs=90)},
        min_length=1,
    )
    sessions: tuple[int, ...] = Field(
        ...,
        min_length=1,
        description="training sessions, rising: the first number in trials and where the target is "
        "attacked, all of them where recommenders are compared",
    )
    epochs_exponent: float = Field(
        0.25, ge=0, le=1, description="epochs fall as this power of the sessions; 0: they do not"
    )
    variants: dict[VariantTitle, PartialTarget] = Field(
        {},
        description="titles to what the profile's target is trained with otherwise; compared with "
        "it in quality and leakage at the first number of sessions",
    )
    repeats: int = Field(3, ge=1, description="of comparison and attack, with other sessions")
    tested: int = Field(5000, ge=20, description="sessions of a repeat that nothing was chosen by")
    attacked: int = Field(5000, ge=20, description="as of sizes")
    d_model: Dimensions = (64, 128, 256)
    layers: Counts = (1, 2)
    dropout: Shares = (0.0, 0.1, 0.2, 0.3, 0.5)
    weight_decay: tuple[NotNegative, ...] = Field((0.0, 0.01, 0.1, 1.0), min_length=1)
    learning_rate: tuple[Positive, ...] = Field((5e-4, 1e-3, 2e-3, 5e-3), min_length=1)
    label_smoothing: Shares = (0.0, 0.05, 0.1, 0.2)

    @field_validator("sessions")
    @classmethod
    def _rising(cls, sessions: tuple[int, ...]) -> tuple[int, ...]:
        if list(sessions) != sorted(set(sessions)) or sessions[0] < 20:
            raise ValueError("sessions must rise, from at least 20")
        return sessions


class Figures(Section):
    """Figures (notebook 06)."""

    tsne_sessions: int = Field(1500, ge=20, description="sessions a class in a t-SNE picture")
    perplexity: float = Field(30, gt=1)
