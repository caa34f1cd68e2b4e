"""What is told to the outside, computed from the rows of the rooms below; one module or package per report."""
