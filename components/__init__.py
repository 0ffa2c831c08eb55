"""What a person sees: Streamlit components that take arrays and plain values in and give small event values out."""
