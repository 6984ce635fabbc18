"""What rendered palms and embedded networks must reach, measured anew and printed beside its bound: `make embedded`."""
