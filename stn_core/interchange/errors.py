"""What cannot be handed on."""

from stn_core.messages import StnError


class ExportError(StnError):
    """What another program can't take as it is; the message names what is missing."""
