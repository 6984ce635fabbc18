"""What palmprint codes share: Gabor filters, responses at 32 x 32 pixels, bits and how they are packed."""

from recognizers.codes.base import FLAT, PalmprintCode, lowest, packed, responses, unpacked

__all__ = ["FLAT", "PalmprintCode", "lowest", "packed", "responses", "unpacked"]
