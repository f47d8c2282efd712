"""What can be wrong with what is to be converted. Each message names the culprit."""


class ConvertError(RuntimeError):
    """Anything that the user can do something about."""


class InputError(ConvertError):
    """A file or folder that was given beside the model cannot be used."""


class SourceError(ConvertError):
    """The model cannot be read, or is no image classifier."""


class ConversionError(ConvertError):
    """The converter failed, or what it made does not do what the model did."""
