// Shows the API. Whoever has authorised sees their own custom fields in it: the document is then
// fetched with the token that Swagger UI keeps, and again whenever somebody signs in or out.
"use strict";
{
  const { dataset } = document.body;
  const choice = document.getElementById("document");
  const note = document.getElementById("note");
  const notes = {
    live: "With the custom fields that are defined here, as you see them.",
    fixed: "The same everywhere, without custom fields.",
    authorise: "Authorize to see the custom fields that are defined here.",
    refused: "Your token does not let you see the custom fields that are defined here.",
  };

  const token = () => {
    const kept = JSON.parse(localStorage.getItem("authorized") ?? "{}");
    return (kept["Bearer"] ?? kept["API key"])?.value;
  };

  const fetched = async (live) => {
    const headers = live ? { Authorization: `Bearer ${token()}` } : {};
    const answer = await fetch(dataset.url + (live ? "?live=true" : ""), { headers });
    return answer.ok ? answer.text() : null;
  };

  const show = async () => {
    const wanted = choice.value === "live";
    const live = wanted && token() ? await fetched(true) : null;
    ui.specActions.updateSpec(live ?? (await fetched(false)));
    note.textContent = live ? notes.live
      : !wanted ? notes.fixed
      : token() ? notes.refused
      : notes.authorise;
  };

  const persistAuthorizationIfNeeded = (original) => (...given) => {
    const done = original(...given);
    show();
    return done;
  };

  const ui = SwaggerUIBundle({
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    persistAuthorization: true,
    showExtensions: true,
    showCommonExtensions: true,
    spec: {},
    plugins: [{ statePlugins: { auth: { wrapActions: { persistAuthorizationIfNeeded } } } }],
  });
  choice.addEventListener("change", show);
  show();
}
