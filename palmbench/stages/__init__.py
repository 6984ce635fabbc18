"""The way of the data, one arrow a file: prepare, deidentify, enrol, compare, quality, usability, measure."""
