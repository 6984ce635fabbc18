"""PKLNet (Liang et al., 2023): palm segmentation and the points that a recognition ROI hangs from."""
