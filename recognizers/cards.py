"""What each recognizer is: its publication, the licence of what is here, and whether it is a reconstruction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A recognizer's reference.

    Attributes
    ----------
    title, authors, venue, year, doi
        Of the publication.
    licence : str
        Of the code here and of the embedded weights, where there are some.
    reconstruction : bool
        The authors' code is not public, and what the paper leaves open is assumed: the numbers stand for no published
        ones, and wherever one is shown the name says so.
    """

    title: str
    authors: str
    venue: str
    year: int
    doi: str
    licence: str = "Apache-2.0"
    reconstruction: bool = False

    def __str__(self) -> str:
        reference = f"{self.authors}: {self.title}. {self.venue}, {self.year}, doi {self.doi}"
        kind = "a reconstruction, not the authors' network; " if self.reconstruction else ""
        return f"{reference} ({kind}code and weights here: {self.licence})"


CARDS = {
    "bocv": Card(
        "Palmprint verification using binary orientation co-occurrence vector",
        "Guo, Zhang, Zhang and Zuo",
        "Pattern Recognition Letters",
        2009,
        "10.1016/j.patrec.2009.05.010",
    ),
    "ccnet": Card(
        "Comprehensive competition mechanism in palmprint recognition",
        "Yang, Huangfu, Leng, Zhang, Teoh and Zhang",
        "IEEE Transactions on Information Forensics and Security",
        2023,
        "10.1109/TIFS.2023.3306104",
    ),
    "compcode": Card(
        "Competitive coding scheme for palmprint verification",
        "Kong and Zhang",
        "International Conference on Pattern Recognition",
        2004,
        "10.1109/ICPR.2004.1334184",
    ),
    "eehnet": Card(
        "Improving hand recognition in uncontrolled and uncooperative environments using multiple spatial transformers "
        "and loss functions",
        "Matkowski, Li and Kong",
        "arXiv",
        2023,
        "10.48550/arXiv.2311.05383",
        reconstruction=True,
    ),
    "mtcc": Card(
        "Multi-order texture features for palmprint recognition",
        "Yang, Leng, Wu, Li and Chu",
        "Artificial Intelligence Review",
        2022,
        "10.1007/s10462-022-10194-5",
    ),
    "ordinalcode": Card(
        "Ordinal palmprint representation for personal identification",
        "Sun, Tan, Wang and Li",
        "Conference on Computer Vision and Pattern Recognition",
        2005,
        "10.1109/CVPR.2005.267",
    ),
    "palmcode": Card(
        "Online palmprint identification",
        "Zhang, Kong, You and Wong",
        "IEEE Transactions on Pattern Analysis and Machine Intelligence",
        2003,
        "10.1109/TPAMI.2003.1227981",
    ),
    "rloc": Card(
        "Palmprint verification based on robust line orientation code",
        "Jia, Huang and Zhang",
        "Pattern Recognition",
        2008,
        "10.1016/j.patcog.2007.10.011",
    ),
}
