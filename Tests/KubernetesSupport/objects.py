"""The objects of the stand-in: their storage, server-side apply, deletion and the history for watches."""

import copy
import datetime
import threading
import uuid

# group, version, plural, kind, whether it is in a namespace
RESOURCES = [
    ("", "v1", "pods", "Pod", True),
    ("", "v1", "services", "Service", True),
    ("", "v1", "configmaps", "ConfigMap", True),
    ("", "v1", "secrets", "Secret", True),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True),
    ("", "v1", "events", "Event", True),
    ("", "v1", "namespaces", "Namespace", False),
    ("apps", "v1", "deployments", "Deployment", True),
    ("apps", "v1", "replicasets", "ReplicaSet", True),
    ("apps", "v1", "statefulsets", "StatefulSet", True),
    ("batch", "v1", "jobs", "Job", True),
    ("example.org", "v1", "sandboxes", "Sandbox", True),
]
# The keys that identify the elements of lists, by the name of the list, as the schemas of Kubernetes mark them.
LIST_KEYS = {
    "containers": ["name"], "initContainers": ["name"], "env": ["name"], "volumes": ["name"],
    "volumeMounts": ["mountPath"], "ports": ["containerPort", "port"], "ownerReferences": ["uid"],
}


# The end of the name of a manager that owns fields by an update, not by an apply.
UPDATE = " (Update)"
# The fields of a container that the stand-in knows.
CONTAINER_FIELDS = {
    "name", "image", "command", "args", "workingDir", "ports", "env", "envFrom", "resources", "volumeMounts",
    "readinessProbe", "livenessProbe", "startupProbe", "lifecycle", "imagePullPolicy", "securityContext", "stdin", "tty",
}


class APIError(Exception):
    """An answer with a Status object."""

    def __init__(self, code, reason, message, details=None, headers=None):
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.headers = details, headers or {}

    def status(self):
        return {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "details": self.details or {}, "code": self.code,
        }


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def qualified(resource):
    group, _, plural, _, _ = resource
    return f"{plural}.{group}" if group else plural


def api_version(resource):
    return f"{resource[0]}/{resource[1]}" if resource[0] else resource[1]


def element_key(name, element):
    """Returns the key of an element of a list, or None if the list is atomic."""
    if not isinstance(element, dict):
        return None
    for key in LIST_KEYS.get(name, []):
        if key in element:
            return (key, element[key])
    return None


def leaves(value, path=(), name=""):
    """Yields the paths of all leaves with their values. An element of a keyed list is named by its key."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from leaves(member, path + (key,), key)
    elif isinstance(value, list) and value and all(element_key(name, e) for e in value):
        for element in value:
            yield from leaves(element, path + (element_key(name, element),), "")
    else:
        yield path, value


def find(value, path):
    """Returns the value at a path, or None."""
    for part in path:
        if isinstance(part, tuple):
            value = next((e for e in value or [] if isinstance(e, dict) and e.get(part[0]) == part[1]), None)
        else:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def put(value, path, leaf):
    for index, part in enumerate(path[:-1]):
        following = path[index + 1]
        if isinstance(part, tuple):
            element = next((e for e in value if e.get(part[0]) == part[1]), None)
            if element is None:
                element = {part[0]: part[1]}
                value.append(element)
            value = element
        else:
            if not isinstance(value.get(part), list if isinstance(following, tuple) else dict):
                value[part] = [] if isinstance(following, tuple) else {}
            value = value[part]
    value[path[-1]] = copy.deepcopy(leaf)


def remove(value, path):
    parent = find(value, path[:-1]) if len(path) > 1 else value
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def matches(labels, selector):
    """Returns true if labels match a selector of the forms a=b, a==b, a!=b, a and !a."""
    for term in filter(None, (selector or "").split(",")):
        if "!=" in term:
            key, value = term.split("!=")
            if labels.get(key) == value:
                return False
        elif "=" in term:
            key, value = term.replace("==", "=").split("=")
            if labels.get(key) != value:
                return False
        elif term.startswith("!"):
            if term[1:] in labels:
                return False
        elif term not in labels:
            return False
    return True


class Store:
    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.objects = {}
        self.owners = {}
        self.version = 100
        self.history = []
        self.compacted = 0

    # Reading

    def get(self, resource, namespace, name):
        found = self.objects.get((qualified(resource), namespace, name))
        if found is None:
            group, _, plural, _, _ = resource
            raise APIError(
                404, "NotFound", f'{qualified(resource)} "{name}" not found',
                {"name": name, "group": group, "kind": plural})
        return found

    def all(self, plural, namespace=None):
        return [o for (p, n, _), o in sorted(self.objects.items()) if p == plural and namespace in (None, n)]

    # Writing

    def record(self, kind, key, before, after):
        self.version += 1
        if after is not None:
            after["metadata"]["resourceVersion"] = str(self.version)
        shown = copy.deepcopy(after if after is not None else before)
        shown["metadata"]["resourceVersion"] = str(self.version)
        self.history.append((self.version, kind, key, copy.deepcopy(before), shown))
        if len(self.history) > 5000:
            self.compacted = self.history[1000][0]
            del self.history[:1000]
        self.changed.notify_all()

    def save(self, resource, obj):
        """Stores a new or changed object, and removes it if nothing keeps it any more."""
        meta = obj["metadata"]
        key = (qualified(resource), meta.get("namespace"), meta["name"])
        before = self.objects.get(key)
        if before is None:
            meta.setdefault("uid", str(uuid.uuid4()))
            meta.setdefault("creationTimestamp", now())
            meta["generation"] = 1
        else:
            if before.get("spec") != obj.get("spec"):
                meta["generation"] = before["metadata"].get("generation", 1) + 1
            same = copy.deepcopy(before)
            same["metadata"]["resourceVersion"] = meta.get("resourceVersion")
            if same == obj:
                return before
        if "deletionTimestamp" in meta and not meta.get("finalizers") and meta.get("deletionGracePeriodSeconds", 0) == 0:
            self.objects.pop(key, None)
            self.owners.pop(meta["uid"], None)
            self.record("DELETED", key, before or obj, None)
            return obj
        self.objects[key] = obj
        self.record("ADDED" if before is None else "MODIFIED", key, before, obj)
        return obj

    def update_status(self, resource, obj, status):
        if obj.get("status") != status:
            changed = copy.deepcopy(obj)
            changed["status"] = status
            self.save(resource, changed)

    def delete(self, resource, obj, options):
        meta = obj["metadata"]
        uid = (options.get("preconditions") or {}).get("uid")
        if uid and uid != meta["uid"]:
            raise APIError(
                409, "Conflict", f'Operation cannot be fulfilled on {qualified(resource)} "{meta["name"]}": the UID in '
                f"the precondition ({uid}) does not match the UID in record ({meta['uid']}).")
        changed = copy.deepcopy(obj)
        meta = changed["metadata"]
        if "deletionTimestamp" not in meta:
            meta["deletionTimestamp"] = now()
            meta["deletionGracePeriodSeconds"] = 0
            if options.get("propagationPolicy") == "Foreground":
                meta["finalizers"] = meta.get("finalizers", []) + ["foregroundDeletion"]
            if resource[3] == "Pod" and changed["spec"].get("nodeName"):
                # The kubelet ends the containers, and then deletes the pod without a grace period.
                grace = options.get("gracePeriodSeconds", changed["spec"].get("terminationGracePeriodSeconds", 30))
                meta["deletionGracePeriodSeconds"] = grace
        elif options.get("gracePeriodSeconds") == 0:
            meta["deletionGracePeriodSeconds"] = 0
        return self.save(resource, changed)

    # Server-side apply

    def apply(self, resource, namespace, name, config, manager, force):
        """Merges an applied configuration, with the owners of fields and conflicts of KEP-555."""
        key = (qualified(resource), namespace, name)
        live = self.objects.get(key)
        merged = copy.deepcopy(live) if live else {
            "apiVersion": config["apiVersion"], "kind": config["kind"],
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        }
        uid = live["metadata"]["uid"] if live else str(uuid.uuid4())
        owners = copy.deepcopy(self.owners.get(uid, {}))
        if config["metadata"].get("uid", uid) != uid:
            raise APIError(409, "Conflict", f'Operation cannot be fulfilled on {qualified(resource)} "{name}": '
                                            "Precondition failed: the UID in the patch does not match the UID in record")
        fixed = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("metadata", "uid")}
        wanted = {p: v for p, v in leaves(config) if p not in fixed and p[0] != "status"}
        conflicts = [
            (other, path) for path, value in wanted.items() for other, paths in owners.items()
            if other != manager and path in paths and find(merged, path) != value
        ]
        if conflicts and not force:
            causes = [
                {"reason": "FieldManagerConflict", "message": f'conflict with "{other.removesuffix(UPDATE)}"', "field": dotted(path)}
                for other, path in conflicts
            ]
            fields = ", ".join(c["field"] for c in causes)
            raise APIError(
                409, "Conflict",
                f'Apply failed with {len(causes)} conflict{"s" if len(causes) > 1 else ""}: conflict with '
                f'"{conflicts[0][0].removesuffix(UPDATE)}": {fields}', {"causes": causes})
        for other, path in conflicts:
            owners[other].discard(path)
        for path in owners.get(manager, set()) - set(wanted):
            if not any(path in paths for other, paths in owners.items() if other != manager):
                remove(merged, path)
        for path, value in wanted.items():
            put(merged, path, value)
        owners[manager] = set(wanted)
        merged["metadata"]["uid"] = uid
        return live, merged, owners

    def own_changes(self, before, after, manager):
        """Makes the manager of an update the owner of all changed fields."""
        # An update and an apply of the same manager own fields separately.
        manager += UPDATE
        owners = self.owners.setdefault(after["metadata"]["uid"], {})
        changed = {p for p, v in leaves(after) if find(before, p) != v and p[0] != "status"}
        for paths in owners.values():
            paths -= changed
        owners.setdefault(manager, set()).update(changed)


def dotted(path):
    text = ""
    for part in path:
        text += f'[{part[0]}="{part[1]}"]' if isinstance(part, tuple) else f".{part}"
    return text
