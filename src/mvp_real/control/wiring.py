"""Whether a controller bundle fits the robot and the encoder that it shall run with."""

from __future__ import annotations

from mvp_real.bundle import ORACLE, BundleError, Card
from mvp_real.robots.table import RobotTable


def check_robot(card: Card, table: RobotTable) -> None:
    """Refuse a controller that was made for other joints.

    Raises:
        BundleError: The message names what differs.
    """
    if card.kind != "controller" or card.action is None:
        raise BundleError(f"bundle '{card.name}' is of kind '{card.kind}'; a control loop needs a controller")
    if card.robot != table.name:
        raise BundleError(f"controller '{card.name}' is for robot '{card.robot}', this one is '{table.name}'")
    if card.action.joints != table.joint_names:
        raise BundleError(
            f"controller '{card.name}' moves {', '.join(card.action.joints)} in this order, "
            f"robot '{table.name}' has {', '.join(table.joint_names)}"
        )
    size = (len(table.joint_names),)
    for name in ("proprioception", "action"):
        if card.tensor(name).shape != size:
            raise BundleError(
                f"controller '{card.name}': {name} has shape {card.tensor(name).shape}, "
                f"robot '{table.name}' needs {size}"
            )
    if len(card.tensor("feature").shape) != 2:
        raise BundleError(
            f"controller '{card.name}': feature has shape {card.tensor('feature').shape}; needs (T, D)"
        )
    if not card.action.control_period > 0.0 or not card.action.gripper_scale > 0.0:
        raise BundleError(
            f"controller '{card.name}': control_period {card.action.control_period} and gripper_scale "
            f"{card.action.gripper_scale} must be positive"
        )


def check_encoder(card: Card, encoder: Card | None) -> None:
    """Refuse an encoder other than the one that the controller was trained on.

    Args:
        card: The controller.
        encoder: The encoder's card; None for a controller on the simulator's state.

    Raises:
        BundleError: The message names both and what differs.
    """
    wanted = card.encoder
    assert wanted is not None  # the card itself checks this for controllers
    if wanted.name == ORACLE:
        if encoder is not None:
            raise BundleError(
                f"controller '{card.name}' reads the simulator's state, not encoder '{encoder.name}'"
            )
        return
    if encoder is None:
        raise BundleError(f"controller '{card.name}' needs encoder '{wanted.name}', but there is none")
    if encoder.kind != "encoder" or encoder.image is None:
        raise BundleError(f"bundle '{encoder.name}' is of kind '{encoder.kind}', not an encoder")
    if encoder.model.sha256 != wanted.sha256:
        raise BundleError(
            f"controller '{card.name}' was trained on encoder '{wanted.name}' ({wanted.sha256[:12]}), "
            f"but '{encoder.name}' has {encoder.model.sha256[:12]}; use the encoder named in the card"
        )
    if encoder.image.hash != wanted.preprocessing_hash:
        raise BundleError(
            f"controller '{card.name}' was trained with preprocessing {wanted.preprocessing_hash[:12]}, "
            f"but encoder '{encoder.name}' uses {encoder.image.hash[:12]}"
        )
    if encoder.tensor("tokens").shape != card.tensor("feature").shape:
        raise BundleError(
            f"controller '{card.name}' reads a feature {card.tensor('feature').shape}, "
            f"encoder '{encoder.name}' gives {encoder.tensor('tokens').shape}"
        )
