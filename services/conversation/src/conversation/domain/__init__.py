"""What a good reply is, and the rules that check one."""
