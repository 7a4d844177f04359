"""Asks a reader for a token, where the dashboard is open to more than this machine."""

from datetime import UTC, datetime

import streamlit as st

from serving.tokens import Tokens

_TOKEN = "token"


def workspaces_of_reader(tokens: Tokens) -> frozenset[str] | None:
    """The workspaces of the token that the reader gave; None: none that holds yet, and the page asks for one.

    The token stays in the memory of the session, never in an address, and is looked up anew at every run of the page:
    one that is revoked or expires ends what its reader sees with the next click.
    """
    given = st.session_state.get(_TOKEN)
    allowed = tokens.workspaces_of(given, datetime.now(UTC)) if given else None
    if allowed is not None:
        return allowed
    st.html('<div class="ff-brand" role="heading" aria-level="1">Footfall</div>')
    with st.form("login", width=420):
        typed = st.text_input("Token", type="password", autocomplete="off")
        is_sent = st.form_submit_button("Open the dashboard")
    if is_sent and typed and tokens.workspaces_of(typed.strip(), datetime.now(UTC)) is not None:
        st.session_state[_TOKEN] = typed.strip()
        st.rerun()
    if given or is_sent:
        st.session_state.pop(_TOKEN, None)
        st.html('<div class="ff-note" role="alert">This token opens nothing: it is unknown, revoked or expired.</div>')
    return None
