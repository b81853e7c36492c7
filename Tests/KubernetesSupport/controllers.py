"""The controllers of the stand-in: scheduler, kubelet, workloads, garbage collector, and one of a custom resource."""

import copy
import hashlib
import json
import os
import time
import traceback

from objects import RESOURCES, api_version, now, qualified

BY_KIND = {r[3]: r for r in RESOURCES}


class Controllers:
    def __init__(self, store, settings):
        self.store, self.settings = store, settings
        self.seen = {}
        self.addresses = 0
        self.logs = {}

    def run(self):
        try:
            self.loop()
        except Exception:
            # A stand-in without controllers would let each test wait for its limit.
            traceback.print_exc()
            os._exit(1)

    def loop(self):
        while True:
            with self.store.changed:
                keys = list(self.store.objects)
            for key in keys:
                step = getattr(self, "step_" + key[0].split(".")[0], None)
                if step is None:
                    continue
                with self.store.changed:
                    # An earlier step may have changed or deleted the object.
                    obj = self.store.objects.get(key)
                    if obj:
                        step(obj)
            with self.store.changed:
                self.collect_garbage()
            time.sleep(0.03)

    def age(self, obj):
        uid = obj["metadata"]["uid"]
        return time.monotonic() - self.seen.setdefault(uid, time.monotonic())

    def set_status(self, obj, **changes):
        status = {**obj.get("status", {}), **changes}
        self.store.update_status(BY_KIND[obj["kind"]], obj, status)

    def event(self, obj, reason, message, kind="Warning"):
        meta = obj["metadata"]
        digest = hashlib.sha256(f"{meta['uid']}{reason}{message}".encode()).hexdigest()[:16]
        name = f"{meta['name']}.{digest}"
        if ("events", meta["namespace"], name) in self.store.objects:
            return
        self.store.save(BY_KIND["Event"], {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": meta["namespace"]},
            "involvedObject": {"kind": obj["kind"], "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            "reason": reason, "message": message, "type": kind, "count": 1, "firstTimestamp": now(), "lastTimestamp": now(),
        })

    # Pods

    def step_pods(self, pod):
        age, delay = self.age(pod), self.settings["delay"]
        meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
        if "deletionTimestamp" in meta:
            ended = self.seen.setdefault(meta["uid"] + " end", time.monotonic())
            if meta.get("deletionGracePeriodSeconds") and time.monotonic() - ended > self.settings["endDelay"]:
                changed = copy.deepcopy(pod)
                changed["metadata"]["deletionGracePeriodSeconds"] = 0
                self.store.save(BY_KIND["Pod"], changed)
            return
        if not spec.get("nodeName"):
            return self.schedule(pod, age)
        states = [self.container(pod, c, age - delay) for c in spec["containers"]]
        ready = all(s["ready"] for s in states)
        ended = [s["state"].get("terminated") for s in states]
        phase = "Running" if any("running" in s["state"] or s["restartCount"] for s in states) else "Pending"
        if all(ended) and spec.get("restartPolicy", "Always") == "Never":
            phase = "Succeeded" if all(e["exitCode"] == 0 for e in ended) else "Failed"
        self.set_status(
            pod, phase=phase, podIP=status.get("podIP") or self.next_address(), containerStatuses=states,
            conditions=[
                {"type": "PodScheduled", "status": "True"}, {"type": "Initialized", "status": "True"},
                {"type": "ContainersReady", "status": str(ready)}, {"type": "Ready", "status": str(ready)},
            ])

    def schedule(self, pod, age):
        if "nowhere" in (pod["spec"].get("nodeSelector") or {}).values():
            message = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
            self.set_status(pod, phase="Pending", conditions=[
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}])
            return self.event(pod, "FailedScheduling", message)
        if age < self.settings["delay"] / 2:
            return self.set_status(pod, phase="Pending")
        changed = copy.deepcopy(pod)
        changed["spec"]["nodeName"] = "node-1"
        self.store.save(BY_KIND["Pod"], changed)

    def next_address(self):
        self.addresses += 1
        return f"10.0.{self.addresses // 250}.{self.addresses % 250 + 1}"

    def container(self, pod, container, age):
        """Returns the status of a container. Its image says what happens."""
        image, name = container["image"], container["name"]
        state = {"name": name, "image": image, "ready": False, "restartCount": 0, "state": {}, "lastState": {}}
        key = (pod["metadata"]["uid"], name)
        if age < self.settings["delay"] / 2 or "never" in image:
            state["state"] = {"waiting": {"reason": "ContainerCreating"}}
        elif "missing" in image or "unreachable" in image:
            cause = (
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": {image}: not found'
                if "missing" in image else f'failed to pull image "{image}": dial tcp 192.0.2.1:443: i/o timeout')
            back_off = age > self.settings["delay"]
            reason = "ImagePullBackOff" if back_off else "ErrImagePull"
            message = f'Back-off pulling image "{image}": ErrImagePull: {cause}' if back_off else cause
            state["state"] = {"waiting": {"reason": reason, "message": message}}
            self.event(pod, "Failed", f'Failed to pull image "{image}": {cause}')
        elif "crash" in image:
            self.logs[key] = "starting\nfatal: no license for this workspace\n"
            ended = {"exitCode": 7, "reason": "Error", "finishedAt": now()}
            if pod["spec"].get("restartPolicy", "Always") == "Never":
                state["state"] = {"terminated": ended}
            else:
                state["restartCount"] = 2
                state["lastState"] = {"terminated": {"exitCode": 7, "reason": "Error"}}
                state["state"] = {"waiting": {
                    "reason": "CrashLoopBackOff", "message": f"back-off 10s restarting failed container={name}"}}
            self.event(pod, "BackOff", f"Back-off restarting failed container {name}")
        elif "finish" in image:
            self.logs[key] = "done\n"
            state["state"] = {"terminated": {"exitCode": 0, "reason": "Completed"}}
        else:
            self.logs.setdefault(key, f"{name} is starting\n")
            state["state"] = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
            state["ready"] = "slow" not in image and not pod["metadata"].get("annotations", {}).get("stand-in/unready")
        return state

    # Workloads

    def owned(self, plural, owner):
        return [
            o for o in self.store.all(plural, owner["metadata"]["namespace"])
            if any(r["uid"] == owner["metadata"]["uid"] for r in o["metadata"].get("ownerReferences", []))
        ]

    def make(self, kind, name, owner, spec, labels):
        resource = BY_KIND[kind]
        return self.store.save(resource, {
            "apiVersion": api_version(resource), "kind": kind, "spec": copy.deepcopy(spec),
            "metadata": {
                "name": name, "namespace": owner["metadata"]["namespace"], "labels": dict(labels),
                "ownerReferences": [{
                    "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
                }],
            },
        })

    def pods(self, owner, wanted, template, names):
        """Makes the missing pods of an owner, and returns all and the number of those that are ready."""
        pods = self.owned("pods", owner)
        live = {p["metadata"]["name"] for p in pods}
        refusal = None
        for name in names:
            if len(pods) >= wanted:
                break
            if name not in live:
                quota = self.settings["podQuota"]
                if quota is not None and len(self.store.all("pods")) >= quota:
                    refusal = f'pods "{name}" is forbidden: exceeded quota: pods, requested: pods=1, limited: pods={quota}'
                    break
                pods.append(self.make("Pod", name, owner, template["spec"], template.get("metadata", {}).get("labels", {})))
        return pods, sum(self.is_ready(p) for p in pods), refusal

    def is_ready(self, pod):
        return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))

    def template_hash(self, template):
        return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]

    def step_deployments(self, deployment):
        meta, spec = deployment["metadata"], deployment["spec"]
        if "deletionTimestamp" in meta or self.age(deployment) < self.settings["delay"] / 2:
            return
        template, wanted = spec["template"], spec.get("replicas", 1)
        name = f"{meta['name']}-{self.template_hash(template)}"
        sets = self.owned("replicasets.apps", deployment)
        current = next((s for s in sets if s["metadata"]["name"] == name), None)
        if current is None:
            current = self.make(
                "ReplicaSet", name, deployment, {"replicas": wanted, "selector": spec["selector"], "template": template},
                template.get("metadata", {}).get("labels", {}))
        if current["spec"]["replicas"] != wanted:
            changed = copy.deepcopy(current)
            changed["spec"]["replicas"] = wanted
            current = self.store.save(BY_KIND["ReplicaSet"], changed)
        for other in sets:
            if other["metadata"]["name"] != name:
                self.store.delete(BY_KIND["ReplicaSet"], other, {})
        counts = current.get("status", {})
        ready = counts.get("readyReplicas", 0)
        failure = [c for c in counts.get("conditions", []) if c["type"] == "ReplicaFailure"]
        self.set_status(
            deployment, observedGeneration=meta["generation"], replicas=counts.get("replicas", 0),
            updatedReplicas=counts.get("replicas", 0), readyReplicas=ready, availableReplicas=ready,
            conditions=failure + [
                {"type": "Available", "status": str(ready >= wanted), "reason": "MinimumReplicas"},
                {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},
            ])

    def step_replicasets(self, replicas):
        if "deletionTimestamp" in replicas["metadata"]:
            return
        spec, name = replicas["spec"], replicas["metadata"]["name"]
        wanted = spec.get("replicas", 1)
        pods, ready, refusal = self.pods(replicas, wanted, spec["template"], [f"{name}-{i}" for i in range(wanted)])
        self.set_status(
            replicas, observedGeneration=replicas["metadata"]["generation"], replicas=len(pods), readyReplicas=ready,
            availableReplicas=ready, conditions=[] if refusal is None else [
                {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refusal}])

    def step_statefulsets(self, stateful):
        if "deletionTimestamp" in stateful["metadata"]:
            return
        spec, name = stateful["spec"], stateful["metadata"]["name"]
        wanted = spec.get("replicas", 1)
        pods, ready, _ = self.pods(stateful, wanted, spec["template"], [f"{name}-{i}" for i in range(wanted)])
        revision = f"{name}-{self.template_hash(spec['template'])}"
        self.set_status(
            stateful, observedGeneration=stateful["metadata"]["generation"], replicas=len(pods), readyReplicas=ready,
            updatedReplicas=len(pods), currentRevision=revision, updateRevision=revision)

    def step_jobs(self, job):
        if "deletionTimestamp" in job["metadata"]:
            return
        template = job["spec"]["template"]
        pods, _, _ = self.pods(job, 1, template, [f"{job['metadata']['name']}-x"])
        phase = pods[0].get("status", {}).get("phase") if pods else None
        if phase == "Succeeded":
            self.set_status(job, succeeded=1, conditions=[{"type": "Complete", "status": "True"}])
        elif phase == "Failed":
            self.set_status(job, failed=1, conditions=[{
                "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit"}])

    # Other kinds

    def step_persistentvolumeclaims(self, claim):
        if self.age(claim) > self.settings["delay"] and "deletionTimestamp" not in claim["metadata"]:
            self.set_status(claim, phase="Bound")
        elif "status" not in claim:
            self.set_status(claim, phase="Pending")

    def step_services(self, service):
        if service["spec"].get("type") == "LoadBalancer" and self.age(service) > self.settings["delay"]:
            self.set_status(service, loadBalancer={"ingress": [{"ip": "192.0.2.10"}]})

    def step_sandboxes(self, sandbox):
        if self.age(sandbox) < self.settings["delay"] or "deletionTimestamp" in sandbox["metadata"]:
            return
        spec, meta = sandbox.get("spec", {}), sandbox["metadata"]
        conditions = [{"type": "Ready", "status": "True", "reason": "Started"}]
        if spec.get("broken"):
            conditions = [{"type": "Ready", "status": "False", "reason": "NoRuntime", "message": "no runtime class"}]
        if spec.get("stalled"):
            conditions.append({"type": "Stalled", "status": "True", "reason": "InvalidSpec", "message": "wrong size"})
        self.set_status(
            sandbox, observedGeneration=meta["generation"], conditions=conditions,
            url=f"https://{meta['name']}.sandboxes.example.org")

    def collect_garbage(self):
        """Deletes the objects whose owners are gone, and those of owners that are deleted in the foreground."""
        live = {o["metadata"]["uid"]: o for o in self.store.objects.values()}
        for (plural, _, _), obj in list(self.store.objects.items()):
            resource = next(r for r in RESOURCES if qualified(r) == plural)
            references = obj["metadata"].get("ownerReferences", [])
            owners = [live[r["uid"]] for r in references if r["uid"] in live]
            foreground = [o for o in owners if "foregroundDeletion" in o["metadata"].get("finalizers", [])]
            if references and (not owners or foreground) and "deletionTimestamp" not in obj["metadata"]:
                self.store.delete(resource, obj, {"propagationPolicy": "Foreground" if foreground else "Background"})
        for (plural, _, _), obj in list(self.store.objects.items()):
            meta = obj["metadata"]
            if "foregroundDeletion" not in meta.get("finalizers", []):
                continue
            dependents = any(
                r["uid"] == meta["uid"] for o in self.store.objects.values()
                for r in o["metadata"].get("ownerReferences", []))
            if not dependents:
                changed = copy.deepcopy(obj)
                changed["metadata"]["finalizers"].remove("foregroundDeletion")
                self.store.save(next(r for r in RESOURCES if qualified(r) == plural), changed)


