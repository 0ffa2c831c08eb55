"""The page issues."""

import streamlit as st


def page() -> None:
    """Draw the page."""
    with st.container(key="page"):
        st.write("issues")
