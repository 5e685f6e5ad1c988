"""CRM sync ties every lead to a customer, and writes into the CRM what happens with it.

A customer is looked for in the local copy, then in the CRM, and made there only when nobody knows the person.
Companies without a CRM keep their customers in the built-in one.
"""
