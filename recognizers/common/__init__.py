"""What palmbench and the recognizers both need: errors, keys, checked settings, files read and written whole."""
