"""Upload: bring files, see what was understood and what was refused, then keep it or not."""

import streamlit as st

from ui import layout, upload_checks, upload_view, uploading

head = layout.page("Upload")
upload = uploading.current()
if upload is not None:
    with head.actions:
        st.button(
            "Start over",
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=uploading.start_over,
        )

upload_view.steps(upload)
if uploading.is_waiting():
    with st.spinner("Reading what the files are…"):
        uploading.open_waiting()
    st.rerun()
if upload is None:
    st.caption("Nothing is kept before you agree: first you see what was understood.")
    upload_view.choose_files()
    st.stop()

upload_view.file_lines(upload)
upload_view.columns(upload)
upload_view.questions(upload)
if upload.plan.open_questions:
    st.caption("Answer the question above to go on; nobody may guess it.")
    st.stop()

_, report = uploading.checked(upload)
st.markdown("**Checks**")
upload_checks.counts(report)
upload_checks.findings(upload, report)
upload_checks.import_bar(upload, report)
