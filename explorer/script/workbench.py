"""The file that Streamlit runs for every tab.

It lies in a folder of its own: Streamlit takes a folder ``pages`` beside its script for pages of another kind, and puts the
script's folder first on ``sys.path``.
"""

from explorer.app import main

main()
