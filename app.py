"""The laboratory. Start it with ``streamlit run app.py``, which imports this file once, as the
server, and then runs it for every visitor, as the page."""

import streamlit as st

if __name__ == "__main__":
    from ui.pages.laboratory import show

    show()
else:
    from starlette.middleware import Middleware

    from ui.app.policy import Guarded
    from ui.app.server import base, lifespan, routes
    from ui.classroom.routes import Routes, open_classroom

    classroom = open_classroom()
    app = st.App(
        __file__,
        routes=[*Routes(classroom).routes(base()), *routes()],
        lifespan=lifespan(classroom.close),
        middleware=[Middleware(Guarded)],
    )
