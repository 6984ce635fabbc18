"""What de-identified photos still teach: a hand network trained on them, tested on originals of other people."""
