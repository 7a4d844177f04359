"""The dashboard: a Streamlit app over what is published, opened by `footfall dashboard`."""
