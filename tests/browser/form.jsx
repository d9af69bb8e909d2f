// A page that knows nothing about the fields of a client but where to ask for them.
import Form from "@rjsf/core";
import { ErrorSchemaBuilder } from "@rjsf/utils";
import { customizeValidator } from "@rjsf/validator-ajv8";
import Ajv2020 from "ajv/dist/2020.js";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import "./form.css";

const given = new URLSearchParams(location.hash.slice(1));
const validator = customizeValidator({ AjvClass: Ajv2020 });

async function call(path, options) {
  const headers = { Authorization: `Bearer ${given.get("token")}`, "Content-Type": "application/json" };
  const answer = await fetch(`${given.get("api")}/api/v1${path}`, { headers, ...options });
  return { ok: answer.ok, body: await answer.json() };
}

// Each fault goes to the input that its JSON pointer names.
function besideInputs(errors) {
  const builder = new ErrorSchemaBuilder();
  for (const { pointer, message } of errors) {
    const path = pointer.split("/").slice(1).map((each) => each.replace(/~1/g, "/").replace(/~0/g, "~"));
    // The items of a list share one input.
    builder.addErrors(message, path.filter((each) => !/^\d+$/.test(each)));
  }
  return builder.ErrorSchema;
}

function Client({ fields, layout }) {
  const [data, setData] = useState({});
  const [errors, setErrors] = useState({});
  const [created, setCreated] = useState(null);
  const schema = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string", title: "Name" }, custom_fields: fields },
  };

  async function submit({ formData }) {
    const answer = await call("/clients", { method: "POST", body: JSON.stringify(formData) });
    setErrors(answer.ok ? {} : besideInputs(answer.body.errors));
    setCreated(answer.ok ? answer.body.id : null);
  }

  return (
    <>
      <Form
        schema={schema}
        uiSchema={{ custom_fields: layout }}
        validator={validator}
        formData={data}
        onChange={({ formData }) => setData(formData)}
        onSubmit={submit}
        extraErrors={errors}
        showErrorList={false}
        experimental_defaultFormStateBehavior={{ constAsDefaults: "never" }}
        noValidate
        noHtml5Validate
      />
      <output>{created}</output>
    </>
  );
}

const path = "/custom-fields/schema/client";
const [fields, layout] = await Promise.all([
  call(`${path}?for=create`),
  call(`${path}/ui?format=rjsf`),
]);
createRoot(document.getElementById("form")).render(<Client fields={fields.body} layout={layout.body} />);
