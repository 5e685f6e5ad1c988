"""The only service that decides. It keeps the leads and their states, gathers what a person writes in one burst into
one turn, and decides who answers: the AI by itself, the AI as a draft for a human, or a human. It never writes or
sends an answer itself: it asks for it.
"""
