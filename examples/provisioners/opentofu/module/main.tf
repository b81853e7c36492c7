# What a workspace is made of. Replace this module by your own: a virtual machine, a database, a DNS name. This one needs no
# provider and no account. It makes a folder that stands for the machine, so you can try the provisioner at once.

variable "id" {
  type        = string
  description = "The ID of the workspace, which is unique."
}

variable "name" {
  type        = string
  description = "The name of the workspace: a host name label."
}

variable "preset" {
  type        = string
  description = "The name of the preset."
}

variable "template_version" {
  type        = string
  description = "The version of the template."

  validation {
    condition     = contains(["1.0.0", "1.1.0"], var.template_version)
    error_message = "The module makes the versions 1.0.0 and 1.1.0."
  }
}

variable "parameters" {
  type        = any
  default     = {}
  description = "The parameters of the preset."
}

variable "owner" {
  type        = string
  default     = ""
  description = "The owner of the claim, or an empty text."
}

variable "claim" {
  type        = any
  default     = {}
  sensitive   = true
  description = "The parameters of the claim, for example sshKey."
}

locals {
  folder = abspath("${path.root}/../machine")
}

resource "terraform_data" "machine" {
  input            = local.folder
  triggers_replace = [var.id, var.template_version]

  # A value from outside is never a part of a command. It is a variable of the environment.
  provisioner "local-exec" {
    command     = "mkdir -p \"$FOLDER\" && printf '%s\\n' \"$VERSION\" >\"$FOLDER/version\""
    environment = { FOLDER = local.folder, VERSION = var.template_version }
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "rm -rf \"$FOLDER\""
    environment = { FOLDER = self.output }
  }
}

# The handover: it is made again if the owner or the key changes.
resource "terraform_data" "owner" {
  count            = var.owner == "" ? 0 : 1
  triggers_replace = [terraform_data.machine.id, var.owner, lookup(var.claim, "sshKey", "")]

  provisioner "local-exec" {
    command = "printf '%s\\n' \"$OWNER\" >\"$FOLDER/owner\" && printf '%s\\n' \"$KEY\" >\"$FOLDER/authorized_keys\""
    environment = {
      FOLDER = local.folder
      OWNER  = var.owner
      KEY    = nonsensitive(lookup(var.claim, "sshKey", ""))
    }
  }
}

# A password that does not change with the next apply.
resource "terraform_data" "password" {
  input = uuid()

  lifecycle {
    ignore_changes = [input]
  }
}

output "endpoint" {
  value = "file://${local.folder}"
}

output "metadata" {
  value = { host = var.name, version = var.template_version }
}

output "credentials" {
  value     = { password = terraform_data.password.output }
  sensitive = true
}
