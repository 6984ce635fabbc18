"""Photos' files opened, for every door: a short list of formats, one limit of size, and any trouble told in a sentence.

Pillow recognises a file by its contents and knows dozens of formats, one of which starts another program
(Ghostscript). Nothing but what photographs are stored in is read here, whatever a file is called.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from palmbench.base.photo_kinds import HEAD, RAW_SUFFIXES, read_kind, unread_kind
from palmbench.base.whole_files import NotWhole, require_whole
from recognizers.common.errors import PalmbenchError, SampleError
from recognizers.common.pinned import Pinned

VERSION = 2
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "DIB", "GIF", "PPM", "AVIF", "HEIF")
LARGEST = 256_000_000  # pixels: phones make photos of 200 million
_LARGEST_FILE = 8 * LARGEST + (1 << 20)  # bytes: 16 bits of four channels
# A larger picture of fewer bytes is one colour, and no photo: 34 bytes may claim 268 million pixels.
_BLANK_PIXELS, _PIXELS_A_BYTE = 32_000_000, 10_000
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BITS_PER_SAMPLE, _PLANAR, _TILE_WIDTH, _TILE_LENGTH = 258, 284, 322, 323
_IN_PLANES = 2
_NEW_SUBFILE_TYPE, _SUB_IFDS, _DNG_VERSION = 254, 330, 50706
_REDUCED = 1
_PNG_DEPTH = 24  # offset of the bit depth in a PNG file

_opening = threading.Lock()
# What Pillow remarks on a file's metadata is of no use: nothing of it is kept but the orientation.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@contextmanager
def opened(path: Path, data: bytes | None = None, decode: bool = True) -> Iterator[Image.Image]:
    """A photo as Pillow opens it; what is wrong with it, and whatever goes wrong in the block, is said in a sentence.

    Parameters
    ----------
    path : Path
        Of the file; its name is part of every sentence.
    data : bytes, optional
        The file's contents, where they are at hand.
    decode : bool
        Whether every pixel is decoded before the block begins, and the file looked through for damage.

    Raises
    ------
    SampleError
        If the file is missing, truncated, damaged, no image of a known format, too large or an animation, or if the
        block fails on its pixels in any way.
    """
    try:
        if data is None:
            if not path.exists():
                raise SampleError(f"{path}: there is no such file")
            data = contents(path)
        if not data:
            raise SampleError(f"{path}: the file is empty")
        if kind := unread_kind(data[:HEAD]):
            raise _unread(path, kind)
        if read_kind(data[:HEAD]) == "HEIF":
            _enable_heif(path)
        if data[:4] == b"RIFF":  # Pillow takes memory for all pixels before it tells how many there are
            _refuse_size(*_webp_size(data), len(data), path)
        with pillow(data, FORMATS) as image:
            _refuse_size(*image.size, len(data), path)
            if image.format == "TIFF":
                _refuse_tiff(image, data, path)
            _refuse_animation(image, path)
            if decode:
                require_whole(data, image.format)
                image.load()
            yield image
    except PalmbenchError:
        raise
    except UnidentifiedImageError as error:
        if kind := unread_kind(b"", path.suffix.lower()):
            raise _unread(path, kind) from error
        raise SampleError(f"{path}: not an image in a format that is read here") from error
    except NotWhole as error:
        raise SampleError(f"{path}: cannot be decoded, {error}") from error
    except MemoryError as error:
        raise SampleError(f"{path}: does not fit into memory") from error
    except Exception as error:  # a decoder that is given any bytes may raise anything
        raise SampleError(f"{path}: cannot be decoded ({_told(error)})") from error


def contents(path: Path, name: str | None = None, digest: str | None = None) -> bytes:
    """A photo file's bytes.

    Parameters
    ----------
    path : Path
    name : str, optional
        What sentences call the file instead of its path.
    digest : str, optional
        Of the contents that it is to have, where a key was made of them.

    Raises
    ------
    SampleError
        If it is larger than any photo; without a digest also if it is missing or may not be read.
    RequestError
        If it has not the contents of the digest any more.
    """
    shown = name or path
    try:
        if (size := path.stat().st_size) > _LARGEST_FILE:
            raise SampleError(
                f"{shown}: has {size / 1e9:.1f} GB; photos of up to {LARGEST // 10**6} megapixels are read"
            )
    except OSError:
        pass  # reading it says why
    try:
        return path.read_bytes() if digest is None else Pinned(path, digest).read()
    except OSError as error:
        raise SampleError(f"{shown}: cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise SampleError(f"{shown}: does not fit into memory") from error


def pillow(data: bytes, formats: Sequence[str]) -> Image.Image:
    """An image file of one of the formats, of any size; pixels are not decoded yet."""
    Image.init()
    known = [name for name in formats if name in Image.OPEN]
    # Pillow's own limit is the whole process's, and warns at one size and refuses at another.
    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(data), formats=known)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def bits_of(image: Image.Image, data: bytes) -> int:
    """Bits of a channel in an opened file of these contents."""
    if image.mode == "1":
        return 1
    if image.format == "PNG":  # whose colours of 16 bits Pillow reads as 8
        return 16 if data[_PNG_DEPTH] == 16 else 8
    if image.mode in ("I", "F"):
        return 32
    if image.mode.startswith("I;16"):
        return 16
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))))  # type: ignore[attr-defined]
    return 8


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where none is told."""
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # unreadable EXIF says nothing; the pixels are whole
        return 1
    return turn if turn in _TURNS else 1


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says."""
    turn = orientation(image)
    return image if turn == 1 else image.transpose(_TURNS[turn])


def _refuse_size(width: int, height: int, size: int, path: Path) -> None:
    if width * height > LARGEST:
        raise SampleError(
            f"{path}: has {width} x {height} pixels; photos of up to {LARGEST // 10**6} megapixels are read"
        )
    if width * height > max(_BLANK_PIXELS, _PIXELS_A_BYTE * size):
        raise SampleError(f"{path}: has {width} x {height} pixels in {size} bytes, which no photo has")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height in a WebP file's first chunk, as the container's specification has them; 0 x 0 of others."""
    kind, head = data[12:16], data[20:30]
    if data[8:12] != b"WEBP" or len(head) < 5:
        return 0, 0
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    return 0, 0


def _refuse_animation(image: Image.Image, path: Path) -> None:
    # Phones file a photo and its preview as MPO, whose first frame is the photo.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise SampleError(f"{path}: holds several pictures, an animation or pages, and not one photo")


def _refuse_tiff(image: Image.Image, data: bytes, path: Path) -> None:
    tags = image.tag_v2  # type: ignore[attr-defined]
    # Of a camera's raw file the first picture is a preview, and the photo lies beside it.
    preview = _SUB_IFDS in tags and tags.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED
    if preview or _DNG_VERSION in tags or path.suffix.lower() in RAW_SUFFIXES:
        raise _unread(path, "a raw photo")
    # A whole tile is decoded, however little of it lies in the picture.
    _refuse_size(tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1), len(data), path)
    # Neither Pillow nor OpenCV puts such planes together: what they give is another picture.
    if tags.get(_PLANAR) == _IN_PLANES and bits_of(image, data) > 8 and len(image.getbands()) > 1:
        raise SampleError(f"{path}: holds colours of more than 8 bits in separate planes; save them interleaved")


def _unread(path: Path, kind: str) -> SampleError:
    return SampleError(f"{path}: {kind} is not read here; save it as JPEG, PNG or TIFF first")


def _told(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    # A bare name, such as KeyError's, needs its kind.
    return text if isinstance(error, OSError) and text else f"{type(error).__name__}{': ' * bool(text)}{text}"


def _enable_heif(path: Path) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise SampleError(f"{path}: HEIF photos need the package pillow-heif") from error
    register_heif_opener()
