"""Customers, contact points, tasks and entries: values and rules without I/O."""
