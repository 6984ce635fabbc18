"""Photos of one's own: every palm in a photo gets another look, and nothing else about the photo changes."""
