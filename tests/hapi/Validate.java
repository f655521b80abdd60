import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.Resource;

/**
 * Judges every JSON resource of a folder against FHIR R4 (4.0.1) and the definitions in another folder. Extensions that
 * nothing defines are errors. Prints a line a message: file, severity, place, text, with tabs between; and the line
 * "FILE done" after each file, so that a file that was not read shows. Asks no server.
 */
public class Validate {
    public static void main(String[] arguments) throws IOException {
        FhirContext r4 = FhirContext.forR4();
        PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(r4);
        for (Path file : filesIn(arguments[0])) {
            definitions.addResource((Resource) r4.newJsonParser().parseResource(Files.readString(file)));
        }
        FhirInstanceValidator rules = new FhirInstanceValidator(new ValidationSupportChain(
            definitions,
            new DefaultProfileValidationSupport(r4),
            new InMemoryTerminologyServerValidationSupport(r4),
            new CommonCodeSystemsTerminologyService(r4),
            new SnapshotGeneratingValidationSupport(r4)));
        rules.setAnyExtensionsAllowed(false);
        FhirValidator validator = r4.newValidator().registerValidatorModule(rules);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (Path file : filesIn(arguments[1])) {
            for (SingleValidationMessage said : validator.validateWithResult(Files.readString(file)).getMessages()) {
                String text = said.getMessage().replaceAll("\\s+", " ");
                out.println(String.join("\t", file.getFileName().toString(), said.getSeverity().getCode(),
                    String.valueOf(said.getLocationString()), text));
            }
            out.println(file.getFileName() + "\tdone");
        }
    }

    private static List<Path> filesIn(String folder) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
        }
    }
}
