variable "name" {
  description = "Name of the service, and of its project."
  type        = string
  nullable    = false

  validation {
    condition     = trimspace(var.name) != ""
    error_message = "The service needs a name."
  }
}

variable "environments" {
  description = "Slugs of the built-in and organization-level environments that the service runs in."
  type        = set(string)
  default     = ["dev", "stg", "prd"]
  nullable    = false

  validation {
    condition     = alltrue([for slug in var.environments : slug == provider::traceloop::environment_slug(slug)])
    error_message = "Give slugs, such as \"prd\", not names."
  }
}

variable "own_environments" {
  description = "Names of environments that only this service has. Each is created, and gets a key."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.own_environments : !contains(["dev", "stg", "prd"], provider::traceloop::environment_slug(name))])
    error_message = "The environments dev, stg and prd are built in: name them in environments."
  }
}

variable "age_recipients" {
  description = "Public keys to seal the keys to: see the provider's guide \"Keep keys out of state\". Default: the state holds the keys in plain text."
  type        = set(string)
  default     = null
}

variable "rotated" {
  description = "When the key of an environment was last rotated on purpose, by slug. A change rotates that key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the project and its own environments are protected from deletion."
  type        = bool
  default     = true
  nullable    = false
}
