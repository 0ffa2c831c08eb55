"""The product: command line, Python API, jobs and the Streamlit app over the engines."""
