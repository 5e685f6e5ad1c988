"""Amazon SNS, as far as those see it who receive from it: its certificate, and the address that confirms."""
