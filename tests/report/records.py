"""Hand-made metrics of three runs on IITD."""

from __future__ import annotations

from typing import Any

from palmbench.scoring import Number


def number(value: float | None, n: int = 4, failed: int = 0, **more: Any) -> Number:
    return Number(value, n=n, failed=failed, **more)


def record(
    method: str, metrics: dict[str, Any], dataset: str = "iitd", variant: str = "yan", recognizer: str = "mtcc"
) -> dict[str, Any]:
    fusion, alpha = ("s+m", 0.1) if method == "diffusion" else ("", None)
    point = {"dataset": dataset, "method": method, "fusion": fusion, "alpha": alpha, "recognizer": recognizer}
    return {"format": 1, "point": {**point, "variant": variant}, "metrics": metrics}


LPIPS = number(None, n=0, missing="vgg16-397923af.pth")

RECORDS = [
    record(
        "diffusion",
        {
            # Three of four comparisons rejected, and a failure that counts as a rejection.
            "rr": number(80.0, n=5, failed=1, lo=60.0, hi=100.0),
            "rr_without_failures": number(75.0, failed=1, lo=50.0, hi=100.0),
            "dir": number(94.786, failed=1, lo=90.0, hi=99.5),
            "acc_nn": number(25.0, failed=1, lo=0.0, hi=50.0),
            "eer": number(1.25, n=28),
            # 0.95 and 0.97: mean 0.96, population standard deviation 0.01.
            "ssim": number(0.96, n=2, std=0.01, lo=0.95, hi=0.97, failed=1),
            "psnr": number(32.0, n=2, std=1.0, lo=31.0, hi=33.0, failed=1),
            "lpips": LPIPS,
        },
    ),
    record(
        "mask",
        {
            "rr": number(100.0, lo=100.0, hi=100.0),
            "rr_without_failures": number(100.0, lo=100.0, hi=100.0),
            "dir": number(125.3, lo=120.0, hi=130.0),
            "acc_nn": number(0.0, lo=0.0, hi=0.0),
            "ssim": number(0.9, n=2, std=0.02, lo=0.88, hi=0.92),
            "psnr": number(14.0, n=2, std=0.5, lo=13.5, hi=14.5),
            "lpips": LPIPS,
        },
    ),
    record(
        "blur",
        {
            "rr": number(0.0, lo=0.0, hi=0.0),
            "rr_without_failures": number(0.0, lo=0.0, hi=0.0),
            "dir": number(-3.0, lo=-8.0, hi=2.0),
            "acc_nn": number(100.0, lo=100.0, hi=100.0),
            "ssim": number(0.96, n=2, std=0.004, lo=0.956, hi=0.964),
            "psnr": number(float("inf"), n=2),
            "lpips": LPIPS,
        },
    ),
]
