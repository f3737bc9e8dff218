data "traceloop_project" "lost" {
  name = "Orders"
}

# The project is imported with what refers to it: its id has to be known.
import {
  to = traceloop_project.orders
  id = data.traceloop_project.lost.id
}

import {
  to = traceloop_environment.eu
  id = "${data.traceloop_project.lost.id}/eu-production"
}

import {
  to = traceloop_api_key.orders
  id = "${data.traceloop_project.lost.id}/eu-production"
}
