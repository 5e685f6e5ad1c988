"""The CRM's record of customers, activities and tasks."""
