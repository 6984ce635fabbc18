"""How near rendered palms come to real ones: statistics of recognition ROIs, and how well they tell the two apart."""
