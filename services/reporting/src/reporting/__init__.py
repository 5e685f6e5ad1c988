"""What happened. It hears every event and command into a journal that is only ever added to, so that each step of an
enquiry can be watched, explained and replayed. `frontdesk trace` and the demo read it.
"""
