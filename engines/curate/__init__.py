"""Curate: which rows stay, with which labels and tags, once everything that a person decided is replayed?"""
