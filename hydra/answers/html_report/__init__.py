"""The report of a run as one self-contained HTML page: rows in, plain SVG and text out."""
