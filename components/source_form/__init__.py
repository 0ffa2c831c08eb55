"""What a reader understood of a source, and which column plays which part, to be changed."""

from components.source_form.face import Known, Part, SourceFormData, example, source_form

__all__ = ["Known", "Part", "SourceFormData", "example", "source_form"]
