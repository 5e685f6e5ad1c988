"""The demo's story: a person drawn at random, her payslip as a scan, and the letters she writes. All pure."""
